-- Each goal as it stood on the last day of the study: the row with the latest review month by then decides.
with

reviews as (
    select * from {{ ref('int_goals_reviewed') }}
),

goals_set as (
    select
        client_id,
        goal_key,
        min(set_date) as set_date
    from reviews
    group by client_id, goal_key
    having min(set_date) <= cast('{{ var("study_end") }}' as date)
),

ranked as (
    select
        *,
        row_number() over (partition by client_id, goal_key order by review_month desc) as recency,
        bool_or(goal_status = 'met') over (partition by client_id, goal_key) as was_met
    from reviews
    where review_month <= cast('{{ var("study_end") }}' as date)
)

select
    goals_set.client_id,
    goals_set.goal_key,
    goals_set.set_date,
    latest.review_month as reviewed_month,
    latest.goal_category,
    coalesce(latest.goal_status, 'in_progress') as goal_status,
    coalesce(latest.was_met and latest.goal_status = 'in_progress', false) as is_reopened,
    latest.file_token,
    latest.sheet,
    latest.source_row
from goals_set
left join ranked as latest
    on goals_set.client_id = latest.client_id and goals_set.goal_key = latest.goal_key and latest.recency = 1
