{#
  Staging, file by file: what is loaded is not looked at again.

  `control.files_staged` says which files stand in each staging model and in which state of theirs. A night that only adds
  files reads their rows alone: the model's SQL then sees new files only, its rows meet the rows that stand for the same
  keys, and the newer of the two stays (`newest_versions`). Whatever else happens has the model made anew from all files: a
  file that was read again under other maps or corrections, erased from, refused later or dated otherwise; other settings,
  another `as_of`, other SQL (the variable `models_stamp`); `--full-refresh`.

  A model says in `meta`: `feeds` it reads; `feed_of`, the feed of a row, where records can vanish; `newest`, what tells the
  newer of two versions before the export does; or `follows`, the model whose keys say which rows to replace.
#}
{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set meta = config.get('meta') -%}

    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {%- if is_incremental() %}
            {{ add_new_files(target_relation, meta, config.get('unique_key')) }}
        {%- else %}
            create or replace table {{ target_relation }} as (
                {{ compiled_code }}
            );
        {%- endif %}
        {{ note_staged_files(meta.feeds) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# Where it stands which files a staging model has taken in. #}
{% macro staged_files() -%} {{ source('control', 'files').incorporate(path={'identifier': 'files_staged'}) }} {%- endmacro %}

{# A loaded file's state: it changes when the file is read again, dated otherwise or erased from. #}
{% macro load_mark() -%}
    concat_ws('/', files.exported_at, files.loaded_at, files.map_hash, files.rows_loaded, files.rows_erased)
{%- endmacro %}

{% macro add_new_files(target, meta, key) %}
    {%- set new = this.identifier ~ '__new' -%}
    {%- set keys = key | join(', ') -%}
    create or replace temp table {{ new }} as (
        {{ compiled_code }}
    );
    {%- if meta.follows %}
    delete from {{ target }} where ({{ keys }}) in (
        select {{ keys }} from {{ ref(meta.follows) }}
        where file_token in (select file_token from ({{ files_to_stage(meta.feeds) }}) as files)
    );
    insert into {{ target }} select * from {{ new }};
    {%- else %}
    insert into {{ new }} select * from {{ target }} where ({{ keys }}) in (select {{ keys }} from {{ new }});
    delete from {{ target }} where ({{ keys }}) in (select {{ keys }} from {{ new }});
    insert into {{ target }} by name {{ newest_versions(new, key, meta.newest) }};
    {%- endif %}
    {%- if meta.feed_of %}
    update {{ target }} set last_exported_on = cast(unreadable.seen_at as date)
    from ({{ unreadable_records(meta.feeds) }}) as unreadable
    where unreadable.feed = {{ meta.feed_of }}
        and unreadable.record_key = {{ this.identifier }}.{{ key[-1] }}
        and cast(unreadable.seen_at as date) > last_exported_on;
    update {{ target }} set absent_since = days.next_exported_on
    from ({{ export_days(meta.feeds) }}) as days
    where days.feed = {{ meta.feed_of }}
        and days.exported_on = last_exported_on
        and days.next_exported_on is distinct from absent_since;
    {%- endif %}
    drop table {{ new }};
{% endmacro %}

{% macro note_staged_files(feeds) %}
    create table if not exists {{ staged_files() }} (
        model varchar not null, file_token varchar not null, load_mark varchar not null, models_stamp varchar not null
    );
    delete from {{ staged_files() }} where model = '{{ this.identifier }}';
    insert into {{ staged_files() }}
    select '{{ this.identifier }}', files.file_token, {{ load_mark() }}, '{{ var("models_stamp") }}'
    from {{ source('control', 'files') }} as files
    inner join ({{ loaded_files(feeds) }}) as loaded on files.file_token = loaded.file_token
    order by files.file_token;
{% endmacro %}

{# dbt's own question, asked for every incremental model: has anything happened that more rows alone do not mend? #}
{% macro should_full_refresh() %}
    {%- set files = source('control', 'files') -%}
    {% if flags.FULL_REFRESH or adapter.get_relation(files.database, files.schema, 'files_staged') is none %}
        {{ return(true) }}
    {% endif %}
    {% set found %}
        select coalesce(bool_or(staged.models_stamp <> '{{ var("models_stamp") }}' or files.file_token is null), true)
        from {{ staged_files() }} as staged
        left join {{ files }} as files
            on staged.file_token = files.file_token and files.status = 'loaded' and staged.load_mark = {{ load_mark() }}
        where staged.model = '{{ this.identifier }}'
    {% endset %}
    {{ return(run_query(found).rows[0][0]) }}
{% endmacro %}
