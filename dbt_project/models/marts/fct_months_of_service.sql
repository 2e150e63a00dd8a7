-- Time in service from intake to the 0-month assessment (t0) and to exit or the end of the study (total).
{% set method = var('months_method') -%}
with

dates as (
    select
        clients.client_id,
        clients.intake_date,
        waves.assessment_date as t0_date,
        clients.service_end_date as total_date,
        {{ days_between('clients.intake_date', 'waves.assessment_date') }} as days_t0,
        {{ days_between('clients.intake_date', 'clients.service_end_date') }} as days_total
    from {{ ref('int_clients_identified') }} as clients
    left join {{ ref('int_waves_dated') }} as waves on clients.client_id = waves.client_id and waves.wave = 't0'
),

months as (
    select
        client_id,
        {% for period in ['t0', 'total'] -%}
        case when days_{{ period }} >= 0 then cast(days_{{ period }} as integer) end as days_of_service_{{ period }},
        case when days_{{ period }} >= 0 then {{ fractional_months('days_' ~ period) }} end as fractional_months_{{ period }},
        case
            when days_{{ period }} >= 0 then cast({{ completed_months('intake_date', period ~ '_date') }} as integer)
        end as completed_months_{{ period }}{{ ',' if not loop.last }}
        {% endfor %}
    from dates
)

select
    client_id,
    cast({{ method }}_months_t0 as double) as months_of_service_t0,
    cast({{ method }}_months_total as double) as months_of_service_total,
    days_of_service_t0,
    days_of_service_total,
    completed_months_t0,
    completed_months_total
from months
order by client_id
