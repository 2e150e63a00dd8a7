{# Text columns hold the listed codes or nothing: one test a model instead of one a column, each node costs time. #}
{% test vocabulary(model, values) %}
select count(*) as n_rows
from {{ model }}
where
    {% for column, codes in values.items() -%}
    {{ column }} not in ({% for code in codes %}'{{ code }}'{{ ', ' if not loop.last }}{% endfor %}){{ ' or ' if not loop.last }}
    {% endfor %}
having count(*) > 0
{% endtest %}
