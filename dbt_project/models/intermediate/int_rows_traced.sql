-- Which source rows stand behind each row of the marts: those a value is taken from, and those whose date decides what
-- counts. Without a detail a source row stands behind every row the client has in that mart. Agency zone only.
-- The goals of a month hang on two rows each: the review that holds in it, and the one that says when the goal was set.
{% set study_end = "cast('" ~ var('study_end') ~ "' as date)" -%}
{% set place = 'file_token, sheet, source_row' -%}
with

clients as (
    select client_id, intake_date, file_token, sheet, source_row from {{ ref('int_clients_identified') }}
),

services as (
    select
        client_id,
        cast(dense_rank() over (partition by client_id order by days_since_intake, note_key) as integer) as note_number,
        service_date,
        is_counted,
        file_token,
        sheet,
        source_row
    from {{ ref('int_services_listed') }}
    where days_since_intake >= 0 and service_date <= {{ study_end }}
),

used as (
    select client_id, instrument, response_id, wave, recorded_on, file_token, sheet, source_row
    from {{ ref('int_responses_placed') }}
    where wave is not null
),

-- The target of a 6-month response counts from the 0-month response of its instrument.
placers as (
    select client_id, instrument, wave, recorded_on, file_token, sheet, source_row from used
    union all
    select
        later.client_id, later.instrument, later.wave, later.recorded_on,
        earlier.file_token, earlier.sheet, earlier.source_row
    from (select distinct client_id, instrument, wave, recorded_on from used) as later
    inner join used as earlier
        on later.client_id = earlier.client_id and later.instrument = earlier.instrument
    where later.wave = 't6' and earlier.wave = 't0'
),

dating as (
    select placers.client_id, placers.wave, placers.file_token, placers.sheet, placers.source_row
    from placers
    inner join {{ ref('int_waves_dated') }} as waves
        on placers.client_id = waves.client_id
        and placers.wave = waves.wave
        and placers.recorded_on = waves.assessment_date
),

periods as (
    select client_id, wave as period, assessment_date as last_day from {{ ref('int_waves_dated') }}
    union all
    select client_id, 'total' as period, {{ study_end }} as last_day from clients
),

goal_rows as (
    select
        reviewed.client_id,
        reviewed.goal_key,
        settled.goal_status,
        settled.set_date,
        reviewed.set_date as said_set_date,
        reviewed.review_month,
        coalesce(
            lead(reviewed.review_month) over (
                partition by reviewed.client_id, reviewed.goal_key order by reviewed.review_month
            ),
            cast('9999-12-31' as date)
        ) as next_review_month,
        reviewed.file_token,
        reviewed.sheet,
        reviewed.source_row
    from {{ ref('int_goals_settled') }} as settled
    inner join {{ ref('int_goals_reviewed') }} as reviewed
        on settled.client_id = reviewed.client_id and settled.goal_key = reviewed.goal_key
),

months as (
    select
        spine.client_id,
        spine.month_number,
        {{ add_days('clients.intake_date', 'cast(sum(spine.days) over (partition by spine.client_id order by spine.month_number) - 1 as integer)') }} as last_day
    from {{ ref('client_month') }} as spine
    inner join clients on spine.client_id = clients.client_id
),

traced as (
    {% for mart in ['dim_clients', 'fct_services', 'fct_service_counts', 'fct_months_of_service', 'fct_goal_completion', 'client_month'] -%}
    select client_id, '{{ mart }}' as mart, cast(null as string) as detail, {{ place }} from clients
    union all
    {% endfor -%}
    select client_id, 'fct_services' as mart, cast(note_number as string) as detail, {{ place }} from services

    union all

    select
        services.client_id, 'fct_service_counts' as mart, periods.period as detail,
        services.file_token, services.sheet, services.source_row
    from services
    inner join periods on services.client_id = periods.client_id and services.service_date <= periods.last_day
    where services.is_counted

    union all

    select client_id, 'fct_service_counts' as mart, wave as detail, {{ place }} from dating

    union all

    select client_id, 'fct_months_of_service' as mart, 't0' as detail, {{ place }} from dating
    where wave = 't0'

    union all

    select
        services.client_id, 'client_month' as mart,
        cast(cast({{ completed_months('clients.intake_date', 'services.service_date') }} as integer) as string) as detail,
        services.file_token, services.sheet, services.source_row
    from services
    inner join clients on services.client_id = clients.client_id
    where services.is_counted

    union all

    select
        months.client_id, 'client_month' as mart, cast(months.month_number as string) as detail,
        goal_rows.file_token, goal_rows.sheet, goal_rows.source_row
    from months
    inner join goal_rows
        on months.client_id = goal_rows.client_id
        and goal_rows.set_date <= months.last_day
        and (
            goal_rows.said_set_date = goal_rows.set_date
            or (goal_rows.review_month <= months.last_day and goal_rows.next_review_month > months.last_day)
        )

    union all

    select client_id, 'fct_goal_completion' as mart, goal_status as detail, {{ place }} from goal_rows

    union all

    select
        scored.client_id, 'fct_scale_scores' as mart, scored.scale || ' ' || scored.wave as detail,
        placers.file_token, placers.sheet, placers.source_row
    from {{ ref('int_scales_scored') }} as scored
    inner join placers
        on scored.client_id = placers.client_id
        and scored.instrument = placers.instrument
        and scored.wave = placers.wave

    union all

    select distinct
        scores.client_id, 'fct_scale_scores' as mart, cast(null as string) as detail,
        clients.file_token, clients.sheet, clients.source_row
    from {{ ref('int_scales_scored') }} as scores
    inner join clients on scores.client_id = clients.client_id
)

select distinct client_id, mart, detail, {{ place }}
from traced
order by client_id, mart, detail, {{ place }}
