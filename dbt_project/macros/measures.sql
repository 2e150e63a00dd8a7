{# Measures that more than one model needs, each written once. #}

{# Completed calendar months (SPSS DATEDIF): 31 January to 29 February is one, because February has no 31st. #}
{% macro completed_months(first, second) -%}
    (
        (extract(year from {{ second }}) - extract(year from {{ first }})) * 12
        + extract(month from {{ second }}) - extract(month from {{ first }})
        - case
            when extract(day from {{ second }}) < extract(day from {{ first }})
                and extract(day from {{ second }}) < {{ last_day_of_month(second) }}
                then 1
            else 0
        end
    )
{%- endmacro %}

{# Days in fractional months, unrounded. 30.4375 is the mean length of a month over four years. #}
{% macro fractional_months(days) -%} cast({{ days }} as double) / 30.4375 {%- endmacro %}

{# Month and day as one number, so that birthdays compare; 29 February counts as 1 March. #}
{% macro birthday_number(day) -%}
    case
        when extract(month from {{ day }}) = 2 and extract(day from {{ day }}) = 29 then 301
        else extract(month from {{ day }}) * 100 + extract(day from {{ day }})
    end
{%- endmacro %}

{# Completed years of age on a day. #}
{% macro age_on(birth_date, day) -%}
    cast(
        extract(year from {{ day }}) - extract(year from {{ birth_date }})
        - case when {{ birthday_number(day) }} < {{ birthday_number(birth_date) }} then 1 else 0 end
        as integer
    )
{%- endmacro %}

{# Is the code in the pipe-joined list? Null where the form lacks the column, false where none is noted. #}
{% macro has_code(codes, code) -%} position('|{{ code }}|' in '|' || {{ codes }} || '|') > 0 {%- endmacro %}

{# The same, but not known where the code is not among those read and a word could not be read: it may have been that. #}
{% macro is_told(codes, code) -%}
    case when {{ has_code(codes, code) }} then true when not {{ has_code(codes, 'unmapped') }} then false end
{%- endmacro %}

{# How many codes the list holds: 0 for an empty one, null where the form lacks the column. #}
{% macro count_codes(codes) -%}
    case
        when {{ codes }} = '' then 0
        else length({{ codes }}) - length(replace({{ codes }}, '|', '')) + 1
    end
{%- endmacro %}

{# Membership in a list of settings; nothing is in an empty list. #}
{% macro is_in(column, values) -%}
    {%- if values -%}
        {{ column }} in ({% for value in values %}'{{ value }}'{{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
        {{ column }} <> {{ column }}
    {%- endif -%}
{%- endmacro %}

{# The agency's table of service types as rows; open ends become dates beyond every service. #}
{% macro service_types() -%}
    select service_type, valid_from, valid_to, counts_as_service, funder_group
    from (
        values
        {% for line in var('service_types') -%}
        (
            '{{ line.service_type }}',
            cast('{{ line.valid_from or '0001-01-01' }}' as date),
            cast('{{ line.valid_to or '9999-12-31' }}' as date),
            {{ 'true' if line.counts_as_service else 'false' }},
            '{{ line.funder_group }}'
        ){{ ',' if not loop.last }}
        {% else -%}
        (cast(null as string), cast(null as date), cast(null as date), true, cast(null as string))
        {% endfor %}
    ) as listed (service_type, valid_from, valid_to, counts_as_service, funder_group)
{%- endmacro %}
