with

{% for instrument in ['mspss', 'copse', 'urica'] -%}
{{ instrument }}_versions as (
    {{ record_versions(
        'survey_' ~ instrument,
        'survey_' ~ instrument,
        'coalesce(records.response_id, records.row_hash)',
        'records.copy_quality'
    ) }}
),

{{ instrument }} as (
    select
        '{{ instrument }}' as instrument,
        record_key as response_id,
        {{ client_key() }} as client_key,
        client_id_raw,
        client_id as source_client_id,
        recorded_at_utc,
        recorded_on,
        coalesce(status, 0) as status_bits,
        coalesce(finished, false) as is_finished,
        {{ 'urica_behavior' if instrument == 'urica' else 'cast(null as integer)' }} as behavior,
        duration_seconds,
        user_language,
        first_exported_at,
        exported_at,
        file_token,
        sheet,
        row_number as source_row
    from {{ instrument }}_versions
    where version = 1
){{ ',' if not loop.last }}

{% endfor -%}

select * from mspss
union all
select * from copse
union all
select * from urica
