{% set key = ['note_key'] -%}
{{ config(unique_key=key, meta={'feeds': ['case_notes'], 'feed_of': "'case_notes'", 'newest': 'entered_on'}) }}
with

files as (
    {{ files_to_stage(['case_notes']) }}
),

unreadable as (
    {{ unreadable_records(['case_notes']) }}
),

versions as (
    select
        coalesce(records.record_id, records.row_hash) as note_key,
        {{ client_key() }} as client_key,
        records.client_id_raw,
        records.client_id as source_client_id,
        records.service_date,
        records.entered_on,
        records.contact_type,
        records.service_type as service_types,
        records.minutes,
        records.file_token,
        records.sheet,
        records.row_number as source_row,
        files.exported_at,
        files.exported_at as first_exported_at,
        {{ last_seen_on('files.exported_at') }} as last_exported_on
    from {{ source('raw', 'case_notes') }} as records
    inner join files on records.file_token = files.file_token
    left join unreadable on records.record_id = unreadable.record_key
),

newest as (
    {{ newest_versions('versions', key, 'entered_on') }}
),

export_days as (
    {{ export_days(['case_notes']) }}
)

select
    newest.*,
    export_days.next_exported_on as absent_since
from newest
left join export_days on newest.last_exported_on = export_days.exported_on
