-- Services a client had from intake to the assessment day of each wave (t0, t6) and to the end of the study (total).
with

clients as (
    select * from {{ ref('int_clients_identified') }}
),

periods as (
    select
        client_id,
        wave as period,
        assessment_date as last_day
    from {{ ref('int_waves_dated') }}
    union all
    select
        client_id,
        'total' as period,
        cast('{{ var("study_end") }}' as date) as last_day
    from clients
),

notes as (
    select
        client_id,
        service_date,
        note_key,
        max(minutes) as minutes,
        count(*) as n_listed
    from {{ ref('int_services_listed') }}
    where is_counted and days_since_intake >= 0
    group by client_id, service_date, note_key
),

client_days as (
    select
        client_id,
        service_date,
        cast(sum(n_listed) as bigint) as n_listed,
        cast(count(*) as bigint) as n_notes,
        cast(coalesce(sum(minutes), 0) as bigint) as minutes
    from notes
    group by client_id, service_date
),

counted as (
    select
        clients.client_id,
        periods.period,
        cast(coalesce(sum(client_days.n_listed), 0) as bigint) as services_listed,
        cast(coalesce(sum(client_days.n_notes), 0) as bigint) as notes,
        cast(count(client_days.service_date) as bigint) as client_days,
        cast(coalesce(sum(client_days.minutes), 0) as bigint) as minutes
    from clients
    inner join periods on clients.client_id = periods.client_id
    left join client_days
        on clients.client_id = client_days.client_id and client_days.service_date <= periods.last_day
    where clients.intake_date is not null
    group by clients.client_id, periods.period
)

select
    client_id,
    period,
    {{ {'service_type': 'services_listed', 'note': 'notes', 'client_day': 'client_days'}[var('service_unit')] }} as services,
    services_listed,
    notes,
    client_days,
    minutes
from counted
order by client_id, period
