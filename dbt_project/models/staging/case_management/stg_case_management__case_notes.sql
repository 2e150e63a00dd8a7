with

versions as (
    {{ record_versions(
        'case_notes', 'case_notes', "coalesce(records.record_id, records.row_hash)", 'records.entered_on'
    ) }}
),

export_days as (
    {{ export_days('case_notes') }}
)

select
    versions.record_key as note_key,
    {{ client_key() }} as client_key,
    versions.client_id_raw,
    versions.client_id as source_client_id,
    versions.service_date,
    versions.entered_on,
    versions.contact_type,
    versions.service_type as service_types,
    versions.minutes,
    versions.first_exported_at,
    versions.exported_at,
    export_days.next_exported_on as absent_since,
    versions.file_token,
    versions.sheet,
    versions.row_number as source_row
from versions
left join export_days on versions.last_exported_on = export_days.exported_on
where versions.version = 1
