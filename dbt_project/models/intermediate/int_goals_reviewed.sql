-- Every review of a known client's goal; of a month that was reviewed twice staging keeps the later row.
select
    clients.client_id,
    reviews.goal_key,
    reviews.goal_category,
    reviews.set_date,
    reviews.review_month,
    reviews.goal_status,
    reviews.file_token,
    reviews.sheet,
    reviews.source_row
from {{ ref('stg_case_management__goal_reviews') }} as reviews
inner join {{ ref('int_client_ids_matched') }} as ids on reviews.client_key = ids.client_key
inner join {{ ref('int_clients_identified') }} as clients on ids.matched_client_id = clients.source_client_id
