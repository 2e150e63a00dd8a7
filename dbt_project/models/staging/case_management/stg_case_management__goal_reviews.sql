-- A goal without an ID is known by its client, category and text.
{% set key = ['review_key'] -%}
{{ config(unique_key=key, meta={'feeds': ['goal_plans'], 'feed_of': "'goal_plans'"}) }}
with

files as (
    {{ files_to_stage(['goal_plans']) }}
),

unreadable as (
    {{ unreadable_records(['goal_plans']) }}
),

reviews as (
    select
        records.*,
        files.exported_at,
        {{ last_seen_on('files.exported_at') }} as last_exported_on,
        coalesce(
            records.goal_id,
            md5({{ client_key() }} || '/' || coalesce(records.goal_category, '') || '/' || lower(coalesce(records.goal, '')))
        ) as goal_key
    from {{ source('raw', 'goal_plans') }} as records
    inner join files on records.file_token = files.file_token
    left join unreadable on records.goal_id || '/' || cast(records.review_month as string) = unreadable.record_key
),

versions as (
    select
        goal_key || '/' || coalesce(cast(review_month as string), '') as review_key,
        goal_key,
        {{ client_key() }} as client_key,
        client_id_raw,
        client_id as source_client_id,
        nullif(goal_category, 'unmapped') as goal_category,
        set_date,
        review_month,
        status as goal_status,
        file_token,
        sheet,
        row_number as source_row,
        exported_at,
        exported_at as first_exported_at,
        last_exported_on
    from reviews
),

newest as (
    {{ newest_versions('versions', key) }}
),

export_days as (
    {{ export_days(['goal_plans']) }}
)

select
    newest.*,
    export_days.next_exported_on as absent_since
from newest
left join export_days on newest.last_exported_on = export_days.exported_on
