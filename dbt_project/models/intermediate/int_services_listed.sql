-- One row for each service type listed in a note of a known client; a note that lists none is one service.
with

notes as (
    select
        notes.note_key,
        ids.matched_client_id as source_client_id,
        notes.service_date,
        coalesce(notes.contact_type, 'not_recorded') as contact_type,
        coalesce(nullif(notes.service_types, ''), 'not_recorded') as service_types,
        notes.minutes,
        notes.file_token,
        notes.sheet,
        notes.source_row
    from {{ ref('stg_case_management__case_notes') }} as notes
    inner join {{ ref('int_client_ids_matched') }} as ids on notes.client_key = ids.client_key
    where ids.matched_client_id is not null and notes.service_date is not null
),

services as (
    select
        notes.*,
        listed.code as service_type
    from notes
    {{ cross_join_codes('notes.service_types') }}
),

-- What the agency's table of service types says of a type on the day of the service; a type it lacks counts.
service_types as (
    {{ service_types() }}
)

select
    clients.client_id,
    services.note_key,
    services.service_type,
    services.contact_type,
    services.service_date,
    {{ days_between('clients.intake_date', 'services.service_date') }} as days_since_intake,
    not ({{ is_in('services.contact_type', var('non_counting_contact_types')) }})
        and coalesce(service_types.counts_as_service, true) as is_counted,
    coalesce(service_types.funder_group, 'unmapped') as funder_group,
    services.minutes,
    services.file_token,
    services.sheet,
    services.source_row
from services
inner join {{ ref('int_clients_identified') }} as clients on services.source_client_id = clients.source_client_id
left join service_types
    on services.service_type = service_types.service_type
    and services.service_date between service_types.valid_from and service_types.valid_to
