-- The spine for dosage curves: each client in each month since intake, also the months in which nothing happened.
-- Month 0 begins on the day of intake, month 1 on the same day of the next calendar month; the last one is cut off by
-- the end of the study.
{% set study_end = "cast('" ~ var('study_end') ~ "' as date)" -%}
{% set service_types = [
    'case_manager_check_in', 'referral', 'transportation', 'safety_planning', 'court_accompaniment', 'mentorship',
    'basic_needs', 'group'
] -%}
with

clients as (
    select
        client_id,
        intake_date,
        service_end_date,
        cast({{ completed_months('intake_date', study_end) }} as integer) as last_month
    from {{ ref('int_clients_identified') }}
    where intake_date <= {{ study_end }}
),

months as (
    select
        clients.client_id,
        clients.service_end_date,
        cast(numbers.number as integer) as month_number,
        {{ add_months('clients.intake_date', 'cast(numbers.number as integer)') }} as first_day,
        least(
            {{ add_days(add_months('clients.intake_date', 'cast(numbers.number as integer) + 1'), -1) }}, {{ study_end }}
        ) as last_day
    from clients
    {{ cross_join_numbers('clients.last_month') }}
),

-- The month of a service is the number of completed months since intake, so that it joins by equality.
notes as (
    select
        services.client_id,
        services.note_key,
        cast({{ completed_months('clients.intake_date', 'services.service_date') }} as integer) as month_number,
        {% for service_type in service_types -%}
        cast(count(case when services.service_type = '{{ service_type }}' then 1 end) as bigint) as n_{{ service_type }},
        {% endfor -%}
        cast(count(*) as bigint) as services_listed
    from clients
    inner join {{ ref('int_services_listed') }} as services on clients.client_id = services.client_id
    where services.is_counted and services.service_date between clients.intake_date and {{ study_end }}
    group by services.client_id, services.note_key, clients.intake_date, services.service_date
),

services as (
    select
        client_id,
        month_number,
        {% for service_type in service_types -%}
        cast(sum(n_{{ service_type }}) as bigint) as n_{{ service_type }},
        {% endfor -%}
        cast(sum(services_listed) as bigint) as services_listed,
        cast(count(*) as bigint) as notes
    from notes
    group by client_id, month_number
),

-- A review holds until the next one of the goal; a goal that is set and not yet reviewed is open. The last one holds to
-- the end of time: an "or is null" in the join below made it a nested loop, 8 of 11 seconds at 2,000 clients.
reviews as (
    select
        settled.client_id,
        settled.goal_key,
        settled.set_date,
        reviews.goal_status,
        reviews.review_month,
        coalesce(
            lead(reviews.review_month) over (
                partition by settled.client_id, settled.goal_key order by reviews.review_month
            ),
            cast('9999-12-31' as date)
        ) as next_review_month
    from {{ ref('int_goals_settled') }} as settled
    inner join {{ ref('int_goals_reviewed') }} as reviews
        on settled.client_id = reviews.client_id and settled.goal_key = reviews.goal_key
),

goals as (
    select
        months.client_id,
        months.month_number,
        cast(count(*) as bigint) as goals_set,
        cast(count(case when reviews.goal_status in ('met', 'discontinued') then 1 end) as bigint) as goals_closed
    from months
    inner join {{ ref('int_goals_settled') }} as settled
        on months.client_id = settled.client_id and settled.set_date <= months.last_day
    left join reviews
        on settled.client_id = reviews.client_id
        and settled.goal_key = reviews.goal_key
        and reviews.review_month <= months.last_day
        and reviews.next_review_month > months.last_day
    group by months.client_id, months.month_number
)

select
    months.client_id,
    months.month_number,
    cast({{ days_between('months.first_day', 'months.last_day') }} + 1 as integer) as days,
    months.first_day <= months.service_end_date as is_enrolled,
    cast(
        greatest({{ days_between('months.first_day', 'least(months.last_day, months.service_end_date)') }} + 1, 0)
        as integer
    ) as days_enrolled,
    coalesce(services.services_listed, 0) as services_listed,
    coalesce(services.notes, 0) as notes,
    {% for service_type in service_types -%}
    coalesce(services.n_{{ service_type }}, 0) as services_{{ service_type }},
    {% endfor -%}
    coalesce(services.services_listed, 0){% for service_type in service_types %}
    - coalesce(services.n_{{ service_type }}, 0){% endfor %} as services_other,
    coalesce(goals.goals_set, 0) - coalesce(goals.goals_closed, 0) as goals_open
from months
left join services on months.client_id = services.client_id and months.month_number = services.month_number
left join goals on months.client_id = goals.client_id and months.month_number = goals.month_number
order by months.client_id, months.month_number
