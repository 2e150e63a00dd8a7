-- Every response with the wave it was used for, or the reason why it was not.
{% set to_target -%}
    {{ days_between(add_days('coalesce(t0.t0_date, days.anchor_date)', var('t6_target_days')), 'days.recorded_on') }}
{%- endset %}
{% set from_anchor = days_between('anchor_date', 'recorded_on') -%}
with

days as (
    select distinct
        instrument,
        client_id,
        anchor_date,
        recorded_on,
        {{ from_anchor }} between {{ var('t0_first_day') }} and {{ var('t0_last_day') }} as is_in_t0_window
    from {{ ref('int_responses_screened') }}
    where screened_out is null and recorded_on is not null
),

t0 as (
    select
        instrument,
        client_id,
        min(recorded_on) as t0_date
    from days
    where is_in_t0_window
    group by instrument, client_id
),

placed_days as (
    select
        days.*,
        coalesce(days.recorded_on = t0.t0_date, false) as is_t0,
        abs({{ to_target }}) as days_off_target
    from days
    left join t0 on days.instrument = t0.instrument and days.client_id = t0.client_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by instrument, client_id, is_t0
            order by days_off_target, recorded_on
        ) as closeness
    from placed_days
),

waves as (
    select
        instrument,
        client_id,
        recorded_on,
        case
            when is_t0 then 't0'
            when days_off_target <= {{ var('t6_within_days') }} and closeness = 1 then 't6'
        end as wave,
        is_in_t0_window or days_off_target <= {{ var('t6_within_days') }} as is_in_a_window
    from ranked
)

select
    responses.instrument,
    responses.response_id,
    responses.client_id,
    responses.recorded_on,
    responses.behavior,
    responses.n_answered,
    case when responses.screened_out is null then waves.wave end as wave,
    case
        when responses.screened_out is not null then responses.screened_out
        when waves.wave is not null then null
        when waves.is_in_a_window then 'in_window_not_chosen'
        else 'outside_all_windows'
    end as excluded_reason,
    responses.file_token,
    responses.sheet,
    responses.source_row
from {{ ref('int_responses_screened') }} as responses
left join waves
    on responses.instrument = waves.instrument
    and responses.client_id = waves.client_id
    and responses.recorded_on = waves.recorded_on
