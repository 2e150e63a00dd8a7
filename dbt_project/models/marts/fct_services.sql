-- Services from intake to the last day of the study; no dates, only whole days since intake.
with

services as (
    select * from {{ ref('int_services_listed') }}
    where days_since_intake >= 0 and service_date <= cast('{{ var("study_end") }}' as date)
)

select
    client_id,
    cast(dense_rank() over (partition by client_id order by days_since_intake, note_key) as integer) as note_number,
    service_type,
    funder_group,
    contact_type,
    cast(days_since_intake as integer) as days_since_intake,
    cast(minutes as integer) as minutes,
    is_counted
from services
order by client_id, note_number, service_type
