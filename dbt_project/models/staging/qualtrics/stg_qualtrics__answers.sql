-- The answered items of the current version of each response, one row an item.
{% set feeds = ['survey_mspss', 'survey_copse', 'survey_urica'] -%}
{% set n_items = {'mspss': 12, 'copse': 26, 'urica': 12} -%}
{{ config(unique_key=['instrument', 'response_id'], meta={'feeds': feeds, 'follows': 'stg_qualtrics__responses'}) }}
with

files as (
    {{ files_to_stage(feeds) }}
),

{% for instrument in ['mspss', 'copse', 'urica'] -%}
{{ instrument }}_rows as (
    select
        responses.response_id as survey_response_id,
        {% for item in range(1, n_items[instrument] + 1) -%}
        records.{{ instrument }}_{{ item }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ source('raw', 'survey_' ~ instrument) }} as records
    inner join files on records.file_token = files.file_token and files.kind = 'survey_{{ instrument }}'
    inner join {{ ref('stg_qualtrics__responses') }} as responses
        on records.file_token = responses.file_token
        and records.row_number = responses.source_row
        and coalesce(records.sheet, '') = coalesce(responses.sheet, '')
    where responses.instrument = '{{ instrument }}'
),

{{ instrument }} as (
    {{ unpivot_items(instrument ~ '_rows', ['survey_response_id'], instrument ~ '_', n_items[instrument]) }}
),

{% endfor -%}

answers as (
    select 'mspss' as instrument, mspss.* from mspss
    union all
    select 'copse' as instrument, copse.* from copse
    union all
    select 'urica' as instrument, urica.* from urica
)

select instrument, survey_response_id as response_id, item, item_value
from answers
