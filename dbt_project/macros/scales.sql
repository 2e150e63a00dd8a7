{# Which items belong to which scale, one row an item, from the settings. #}
{% macro scale_items() %}
    select scale, instrument, item
    from (
        values
        {% for scale in var('scales') -%}
        {%- set last_scale = loop.last -%}
        {% for item in scale['items'] -%}
        ('{{ scale.name }}', '{{ scale.instrument }}', {{ item }}){{ ',' if not (last_scale and loop.last) }}
        {%- endfor %}
        {% endfor %}
    ) as listed (scale, instrument, item)
{% endmacro %}

{#
  Stage of change from readiness (column score) and the four subscale means.
  cutoff: upper ends are included. nearest_mean: a tie goes to the earlier stage, and there is no maintenance.
  highest_subscale: the stage of the highest subscale mean; the setting says which stage wins a tie.
#}
{% macro urica_stage() -%}
{%- set stages = ['pre-contemplation', 'contemplation', 'preparation/action', 'maintenance'] -%}
{%- set columns = ['precontemplation', 'contemplation', 'action_score', 'maintenance'] -%}
{%- if var('urica_staging') == 'cutoff' -%}
        case
            when score is null then null
            {% for cutoff in var('urica_cutoffs') -%}
            when score <= {{ cutoff }} then '{{ stages[loop.index0] }}'
            {% endfor -%}
            else '{{ stages[3] }}'
        end
{%- elif var('urica_staging') == 'nearest_mean' -%}
{%- set means = var('urica_nearest_means') %}
        case
            when score is null then null
            when round(abs(score - {{ means[0] }}), 9) <= round(abs(score - {{ means[1] }}), 9) then '{{ stages[0] }}'
            when round(abs(score - {{ means[1] }}), 9) <= round(abs(score - {{ means[2] }}), 9) then '{{ stages[1] }}'
            else '{{ stages[2] }}'
        end
{%- elif var('urica_staging') == 'highest_subscale' -%}
{%- set order = range(4) if var('urica_highest_tie') == 'earlier' else range(3, -1, -1) %}
        case
            when score is null then null
            {% for position in order -%}
            when {{ columns[position] }} = greatest({{ columns | join(', ') }}) then '{{ stages[position] }}'
            {% endfor -%}
        end
{%- else -%}
{{ exceptions.raise_compiler_error("unknown urica_staging") }}
{%- endif -%}
{%- endmacro %}
