-- Which source rows stand behind each fact of the marts: file, sheet, row. Agency zone only.
with

clients as (
    select * from {{ ref('int_clients_identified') }}
)

select
    client_id,
    'dim_clients' as mart,
    cast(null as string) as detail,
    file_token,
    sheet,
    source_row
from clients

union all

select distinct
    client_id,
    'fct_services' as mart,
    cast(days_since_intake as string) as detail,
    file_token,
    sheet,
    source_row
from {{ ref('int_services_listed') }}
where days_since_intake >= 0 and service_date <= cast('{{ var("study_end") }}' as date)

union all

select
    settled.client_id,
    'fct_goal_completion' as mart,
    settled.goal_status as detail,
    reviewed.file_token,
    reviewed.sheet,
    reviewed.source_row
from {{ ref('int_goals_settled') }} as settled
inner join {{ ref('int_goals_reviewed') }} as reviewed
    on settled.client_id = reviewed.client_id and settled.goal_key = reviewed.goal_key

union all

select
    scored.client_id,
    'fct_scale_scores' as mart,
    scored.scale || ' ' || scored.wave as detail,
    placed.file_token,
    placed.sheet,
    placed.source_row
from {{ ref('int_scales_scored') }} as scored
inner join {{ ref('int_responses_placed') }} as placed
    on scored.instrument = placed.instrument and scored.response_id = placed.response_id
where scored.is_chosen
