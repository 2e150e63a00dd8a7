{#
  Everything in which DuckDB and Spark differ stands here and nowhere else.
  dbt's own datediff('month') is not used: on Spark it is wrong at month ends (4 of 12,100 pairs of dates).
#}

{# Whole days from one date to another. #}
{% macro days_between(first, second) %}{{ adapter.dispatch('days_between')(first, second) }}{% endmacro %}
{% macro default__days_between(first, second) %}date_diff('day', {{ first }}, {{ second }}){% endmacro %}
{% macro spark__days_between(first, second) %}datediff({{ second }}, {{ first }}){% endmacro %}

{# The date so many days later. #}
{% macro add_days(day, days) %}{{ adapter.dispatch('add_days')(day, days) }}{% endmacro %}
{% macro default__add_days(day, days) %}cast({{ day }} + {{ days }} as date){% endmacro %}
{% macro spark__add_days(day, days) %}date_add({{ day }}, {{ days }}){% endmacro %}

{# Last day of the date's month, as a number of 28 to 31. #}
{% macro last_day_of_month(day) %}extract(day from last_day({{ day }})){% endmacro %}

{# One row for each code of a pipe-joined list; the alias `listed.code` holds it. Follows the relation in FROM. #}
{% macro cross_join_codes(codes) %}{{ adapter.dispatch('cross_join_codes')(codes) }}{% endmacro %}
{% macro default__cross_join_codes(codes) %}cross join unnest(string_split({{ codes }}, '|')) as listed (code){% endmacro %}
{% macro spark__cross_join_codes(codes) %}lateral view explode(split({{ codes }}, '\\|')) listed as code{% endmacro %}

{# Item columns <stem>1 … <stem>n become rows (keys, item, value); unanswered items have no row. #}
{% macro unpivot_items(relation, keys, stem, n_items) %}
    {{ adapter.dispatch('unpivot_items')(relation, keys, stem, n_items) }}
{% endmacro %}
{% macro default__unpivot_items(relation, keys, stem, n_items) %}
    select
        {{ keys | join(', ') }},
        cast(replace(item_column, '{{ stem }}', '') as integer) as item,
        cast(item_value as integer) as item_value
    from {{ relation }}
    unpivot (
        item_value for item_column in (
            {%- for item in range(1, n_items + 1) %}{{ stem }}{{ item }}{{ ', ' if not loop.last }}{% endfor -%}
        )
    )
{% endmacro %}
{% macro spark__unpivot_items(relation, keys, stem, n_items) %}
    select {{ keys | join(', ') }}, item, cast(item_value as integer) as item_value
    from {{ relation }}
    lateral view stack(
        {{ n_items }},
        {%- for item in range(1, n_items + 1) %} {{ item }}, {{ stem }}{{ item }}{{ ',' if not loop.last }}{% endfor %}
    ) answers as item, item_value
    where item_value is not null
{% endmacro %}

{# The same day so many months later, or that month's last day where it has no such day. #}
{% macro add_months(day, months) %}{{ adapter.dispatch('add_months')(day, months) }}{% endmacro %}
{% macro default__add_months(day, months) %}cast({{ day }} + to_months({{ months }}) as date){% endmacro %}
{% macro spark__add_months(day, months) %}add_months({{ day }}, {{ months }}){% endmacro %}

{# One row for each whole number from 0 to the value of an expression; the alias `numbers.number` holds it. #}
{% macro cross_join_numbers(last) %}{{ adapter.dispatch('cross_join_numbers')(last) }}{% endmacro %}
{% macro default__cross_join_numbers(last) %}cross join unnest(range(0, {{ last }} + 1)) as numbers (number){% endmacro %}
{% macro spark__cross_join_numbers(last) %}lateral view explode(sequence(0, {{ last }})) numbers as number{% endmacro %}

{# Every column of the relation in FROM but these. #}
{% macro all_but(columns) %}{{ adapter.dispatch('all_but')(columns) }}{% endmacro %}
{% macro default__all_but(columns) %}* exclude ({{ columns | join(', ') }}){% endmacro %}
{% macro spark__all_but(columns) %}* except ({{ columns | join(', ') }}){% endmacro %}
