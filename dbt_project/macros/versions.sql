{#
  Every loaded version of a feed's records, newest first, and what is known of each record's life.

  A record comes again with every export. The newest version is the one with the highest `newest` (the moment of entry, or
  how much a copy of a survey response tells), then the one of the newest export; file token, sheet and row make the order
  total. `version` 1 is the current one. A record that is missing from a newer
  full snapshot is kept: `absent_since` is the day of that export. Files of one day are one export in several parts.
  With the variable `as_of` only exports up to that moment are known.
#}
{% macro record_versions(table, kind, key, newest=none) %}
    select
        records.*,
        files.exported_at,
        {{ key }} as record_key,
        row_number() over (
            partition by {{ key }}
            order by
                {% if newest %}{{ newest }} desc nulls last,{% endif %}
                files.exported_at desc nulls last,
                records.file_token desc,
                records.sheet desc nulls last,
                records.row_number desc
        ) as version,
        min(files.exported_at) over (partition by {{ key }}) as first_exported_at,
        cast(max(files.exported_at) over (partition by {{ key }}) as date) as last_exported_on
    from {{ source('raw', table) }} as records
    inner join ({{ loaded_files(kind) }}) as files on records.file_token = files.file_token
{% endmacro %}

{# The loaded files of a kind, one row a file. #}
{% macro loaded_files(kind) -%}
    select file_token, max(exported_at) as exported_at
    from {{ source('control', 'files') }}
    where kind = '{{ kind }}' and status = 'loaded'
        {%- if var('as_of', none) %} and exported_at <= cast('{{ var('as_of') }}' as timestamp){% endif %}
    group by file_token
{%- endmacro %}

{# Each day on which a kind was exported, and the day of the export after it. #}
{% macro export_days(kind) %}
    select
        exported_on,
        {% if kind in var('incremental_feeds', []) -%}
        cast(null as date) as next_exported_on
        {%- else -%}
        lead(exported_on) over (order by exported_on) as next_exported_on
        {%- endif %}
    from (select distinct cast(exported_at as date) as exported_on from ({{ loaded_files(kind) }}) as loaded) as days
{% endmacro %}

{# The ID as typed and as normalised, in one text that joins by plain equality. #}
{% macro client_key() -%} coalesce(client_id_raw, '') || '/' || coalesce(client_id, '') {%- endmacro %}
