{#
  The current version of each of a feed's records, and what is known of each record's life.

  A record comes again with every export. The newest version is the one with the highest `newest` (the moment of entry, or
  how much a copy of a survey response tells), then the one of the newest export; file token, sheet and row make the order
  total. `relation` holds versions of records: beside their own columns `exported_at`, `file_token`, `sheet`, `source_row`,
  and of the life known so far `first_exported_at` and `last_exported_on`.

  Newest of (newest of A, and B) is newest of A and B: so what is chosen once stays a version among those that come later,
  and a night chooses between the rows of its new files and the rows of this table (incremental_materialization.sql).
#}
{% macro newest_versions(relation, key, newest=none) %}
    select {{ all_but(['version']) }}
    from (
        select
            {{ all_but(['first_exported_at', 'last_exported_on']) }},
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    {% if newest %}{{ newest }} desc nulls last,{% endif %}
                    exported_at desc nulls last,
                    file_token desc,
                    sheet desc nulls last,
                    source_row desc
            ) as version,
            min(first_exported_at) over (partition by {{ key | join(', ') }}) as first_exported_at,
            max(last_exported_on) over (partition by {{ key | join(', ') }}) as last_exported_on
        from {{ relation }}
    ) as ranked
    where version = 1
{% endmacro %}

{#
  The loaded files of some feeds, one row a file. What was known on a past day has two readings: with the variable `as_of`
  the exports made up to that moment, whenever they reached us; with `loaded_by` the files we had loaded by then.
#}
{% macro loaded_files(feeds) -%}
    select file_token, kind, max(exported_at) as exported_at
    from {{ source('control', 'files') }}
    where status = 'loaded' and {{ is_in('kind', feeds) }}
        {%- if var('as_of', none) %} and exported_at <= cast('{{ var('as_of') }}' as timestamp){% endif %}
        {%- if var('loaded_by', none) %} and coalesce(first_loaded_at, loaded_at) <= cast('{{ var('loaded_by') }}' as timestamp){% endif %}
    group by file_token, kind
{%- endmacro %}

{# The loaded files whose rows a staging model has not taken in: all of them, but for a night that only adds. #}
{% macro files_to_stage(feeds) -%}
    {{ loaded_files(feeds) }}
    {%- if is_incremental() %}
    having file_token not in (select file_token from {{ staged_files() }} where model = '{{ this.identifier }}')
    {%- endif %}
{%- endmacro %}

{#
  Each day on which a feed was exported, and the day of the export after it. A record that is missing from a newer full
  snapshot is kept, and `next_exported_on` of its last day is the day since when it is absent. Files of one day are one
  export in several parts. Nothing is ever absent from an incremental feed.
#}
{% macro export_days(feeds) %}
    select
        feed,
        exported_on,
        case
            when not ({{ is_in('feed', var('incremental_feeds', [])) }})
                then lead(exported_on) over (partition by feed order by exported_on)
        end as next_exported_on
    from (
        select distinct kind as feed, cast(exported_at as date) as exported_on
        from ({{ loaded_files(feeds) }}) as loaded
    ) as days
{% endmacro %}

{#
  The records whose row waits in quarantine, and the last day on which an export held them so. Such a record is bad in its
  export, not gone from it: the last good version stays, and it is not absent.
#}
{% macro unreadable_records(feeds) %}
    select
        loaded.kind as feed,
        waiting.record_key,
        max(loaded.exported_at) as seen_at
    from {{ source('control', 'quarantine') }} as waiting
    inner join ({{ loaded_files(feeds) }}) as loaded on waiting.file_token = loaded.file_token
    where waiting.scope = 'row' and waiting.record_key is not null
    group by loaded.kind, waiting.record_key
{% endmacro %}

{# The day of the last export that held a record, readable or not; beside the relation `unreadable`. #}
{% macro last_seen_on(exported_at) -%}
    cast(greatest({{ exported_at }}, coalesce(unreadable.seen_at, {{ exported_at }})) as date)
{%- endmacro %}

{# The ID as typed and as normalised, in one text that joins by plain equality. #}
{% macro client_key() -%} coalesce(client_id_raw, '') || '/' || coalesce(client_id, '') {%- endmacro %}
