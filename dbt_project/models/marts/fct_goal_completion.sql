-- A client's goals on the last day of the study.
with

counts as (
    select
        clients.client_id,
        cast(count(goals.goal_key) as bigint) as goals_set,
        cast(count(case when goals.goal_status = 'met' then 1 end) as bigint) as goals_met,
        cast(count(case when goals.goal_status = 'discontinued' then 1 end) as bigint) as goals_discontinued,
        cast(count(case when goals.is_reopened then 1 end) as bigint) as goals_reopened
    from {{ ref('int_clients_identified') }} as clients
    left join {{ ref('int_goals_settled') }} as goals on clients.client_id = goals.client_id
    group by clients.client_id
),

rates as (
    select
        *,
        goals_set - goals_met - goals_discontinued as goals_in_progress,
        cast(goals_met as double) / nullif(goals_set, 0) as rate_all,
        cast(goals_met as double) / nullif(goals_set - goals_discontinued, 0) as rate_minus_discontinued,
        cast(goals_met as double) / nullif(goals_met + goals_discontinued, 0) as rate_closed_only
    from counts
)

select
    client_id,
    goals_set,
    goals_met,
    goals_discontinued,
    goals_in_progress,
    goals_reopened,
    rate_{{ var('goal_denominator') }} as goal_completion_rate,
    rate_all,
    rate_minus_discontinued,
    rate_closed_only,
    case when goals_set > 0 then 3 * goals_met >= 2 * goals_set end as met_two_thirds
from rates
order by client_id
