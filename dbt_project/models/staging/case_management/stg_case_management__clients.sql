{% set key = ['record_key'] -%}
{{ config(unique_key=key, meta={'feeds': ['intake'], 'feed_of': "'intake'"}) }}
with

files as (
    {{ files_to_stage(['intake']) }}
),

unreadable as (
    {{ unreadable_records(['intake']) }}
),

versions as (
    select
        coalesce(records.record_id, records.client_id, records.client_id_raw) as record_key,
        {{ client_key() }} as client_key,
        records.client_id_raw,
        records.client_id as source_client_id,
        records.date_of_birth as birth_date,
        records.intake_date,
        records.exit_date,
        records.race_ethnicity as races,
        nullif(records.gender, 'unmapped') as gender,
        nullif(records.sexual_orientation, 'unmapped') as sexual_orientation,
        nullif(records.county, 'unmapped') as county,
        nullif(records.classification, 'unmapped') as classification,
        records.cse_it_score,
        records.secondary_victimization as victimizations,
        records.special_classification as special_classifications,
        records.case_manager,
        records.file_token,
        records.sheet,
        records.row_number as source_row,
        files.exported_at,
        files.exported_at as first_exported_at,
        {{ last_seen_on('files.exported_at') }} as last_exported_on
    from {{ source('raw', 'intake') }} as records
    inner join files on records.file_token = files.file_token
    left join unreadable on records.record_id = unreadable.record_key
),

newest as (
    {{ newest_versions('versions', key) }}
),

export_days as (
    {{ export_days(['intake']) }}
)

select
    newest.*,
    export_days.next_exported_on as absent_since
from newest
left join export_days on newest.last_exported_on = export_days.exported_on
