-- Each goal as it stood on the last day of the study: the row with the latest review month by then decides.
with

reviews as (
    select
        reviews.*,
        clients.client_id
    from {{ ref('stg_case_management__goal_reviews') }} as reviews
    inner join {{ ref('int_client_ids_matched') }} as ids on reviews.client_key = ids.client_key
    inner join {{ ref('int_clients_identified') }} as clients on ids.matched_client_id = clients.source_client_id
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
        row_number() over (
            partition by client_id, goal_key
            order by
                review_month desc,
                exported_at desc nulls last,
                file_token desc,
                sheet desc nulls last,
                source_row desc
        ) as recency
    from reviews
    where review_month <= cast('{{ var("study_end") }}' as date)
),

ever_met as (
    select
        client_id,
        goal_key,
        bool_or(goal_status = 'met') as was_met
    from ranked
    group by client_id, goal_key
)

select
    goals_set.client_id,
    goals_set.goal_key,
    goals_set.set_date,
    latest.review_month as reviewed_month,
    latest.goal_category,
    coalesce(latest.goal_status, 'in_progress') as goal_status,
    coalesce(ever_met.was_met and latest.goal_status = 'in_progress', false) as is_reopened,
    latest.file_token,
    latest.sheet,
    latest.source_row
from goals_set
left join ranked as latest
    on goals_set.client_id = latest.client_id and goals_set.goal_key = latest.goal_key and latest.recency = 1
left join ever_met
    on goals_set.client_id = ever_met.client_id and goals_set.goal_key = ever_met.goal_key
