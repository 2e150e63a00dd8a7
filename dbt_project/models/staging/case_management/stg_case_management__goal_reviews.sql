-- A goal without an ID is known by its client, category and text.
with

versions as (
    {{ record_versions(
        'goal_plans',
        'goal_plans',
        "coalesce(records.goal_id, md5(" ~ client_key() ~ " || '/' || coalesce(records.goal_category, '') || '/'"
        ~ " || lower(coalesce(records.goal, '')))) || '/' || coalesce(cast(records.review_month as string), '')"
    ) }}
),

export_days as (
    {{ export_days('goal_plans') }}
)

select
    versions.record_key as review_key,
    coalesce(
        versions.goal_id,
        md5({{ client_key() }} || '/' || coalesce(versions.goal_category, '') || '/' || lower(coalesce(versions.goal, '')))
    ) as goal_key,
    {{ client_key() }} as client_key,
    versions.client_id_raw,
    versions.client_id as source_client_id,
    nullif(versions.goal_category, 'unmapped') as goal_category,
    versions.set_date,
    versions.review_month,
    versions.status as goal_status,
    versions.first_exported_at,
    versions.exported_at,
    export_days.next_exported_on as absent_since,
    versions.file_token,
    versions.sheet,
    versions.row_number as source_row
from versions
left join export_days on versions.last_exported_on = export_days.exported_on
where versions.version = 1
