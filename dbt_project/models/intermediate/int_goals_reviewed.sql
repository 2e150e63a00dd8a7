-- One status a goal and month: where a month was reviewed twice, the later source row counts.
with

reviews as (
    select
        clients.client_id,
        reviews.goal_key,
        reviews.goal_category,
        reviews.set_date,
        reviews.review_month,
        reviews.goal_status,
        reviews.file_token,
        reviews.sheet,
        reviews.source_row,
        row_number() over (
            partition by clients.client_id, reviews.goal_key, reviews.review_month
            order by
                reviews.exported_at desc nulls last,
                reviews.file_token desc,
                reviews.sheet desc nulls last,
                reviews.source_row desc
        ) as preference
    from {{ ref('stg_case_management__goal_reviews') }} as reviews
    inner join {{ ref('int_client_ids_matched') }} as ids on reviews.client_key = ids.client_key
    inner join {{ ref('int_clients_identified') }} as clients on ids.matched_client_id = clients.source_client_id
)

select
    client_id,
    goal_key,
    goal_category,
    set_date,
    review_month,
    goal_status,
    file_token,
    sheet,
    source_row
from reviews
where preference = 1
