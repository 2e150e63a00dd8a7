-- Of two copies of a response the one that tells more counts, whichever export was the later.
{% set key = ['instrument', 'response_id'] -%}
{% set feeds = ['survey_mspss', 'survey_copse', 'survey_urica'] -%}
{{ config(unique_key=key, meta={'feeds': feeds, 'feed_of': "'survey_' || instrument", 'newest': 'copy_quality'}) }}
with

files as (
    {{ files_to_stage(feeds) }}
),

unreadable as (
    {{ unreadable_records(feeds) }}
),

versions as (
    {% for instrument in ['mspss', 'copse', 'urica'] -%}
    select
        '{{ instrument }}' as instrument,
        coalesce(records.response_id, records.row_hash) as response_id,
        {{ client_key() }} as client_key,
        records.client_id_raw,
        records.client_id as source_client_id,
        records.recorded_at_utc,
        records.recorded_on,
        coalesce(records.status, 0) as status_bits,
        coalesce(records.finished, false) as is_finished,
        cast({{ 'records.urica_behavior' if instrument == 'urica' else 'null' }} as integer) as behavior,
        records.duration_seconds,
        records.user_language,
        records.copy_quality,
        records.file_token,
        records.sheet,
        records.row_number as source_row,
        files.exported_at,
        files.exported_at as first_exported_at,
        {{ last_seen_on('files.exported_at') }} as last_exported_on
    from {{ source('raw', 'survey_' ~ instrument) }} as records
    inner join files on records.file_token = files.file_token and files.kind = 'survey_{{ instrument }}'
    left join unreadable on records.response_id = unreadable.record_key and unreadable.feed = 'survey_{{ instrument }}'
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

newest as (
    {{ newest_versions('versions', key, 'copy_quality') }}
),

export_days as (
    {{ export_days(feeds) }}
)

select
    newest.*,
    export_days.next_exported_on as absent_since
from newest
left join export_days
    on 'survey_' || newest.instrument = export_days.feed and newest.last_exported_on = export_days.exported_on
