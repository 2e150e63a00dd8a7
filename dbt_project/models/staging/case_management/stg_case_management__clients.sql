with

versions as (
    {{ record_versions('intake', 'intake', 'coalesce(records.record_id, records.client_id, records.client_id_raw)') }}
),

export_days as (
    {{ export_days('intake') }}
)

select
    versions.record_key,
    {{ client_key() }} as client_key,
    versions.client_id_raw,
    versions.client_id as source_client_id,
    versions.date_of_birth as birth_date,
    versions.intake_date,
    versions.exit_date,
    versions.race_ethnicity as races,
    nullif(versions.gender, 'unmapped') as gender,
    nullif(versions.sexual_orientation, 'unmapped') as sexual_orientation,
    nullif(versions.county, 'unmapped') as county,
    nullif(versions.classification, 'unmapped') as classification,
    versions.cse_it_score,
    versions.secondary_victimization as victimizations,
    versions.special_classification as special_classifications,
    versions.case_manager,
    versions.first_exported_at,
    versions.exported_at,
    export_days.next_exported_on as absent_since,
    versions.file_token,
    versions.sheet,
    versions.row_number as source_row
from versions
left join export_days on versions.last_exported_on = export_days.exported_on
where versions.version = 1
