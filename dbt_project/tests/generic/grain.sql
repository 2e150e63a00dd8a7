{# The grain as stated: no key twice, no key missing. Returns keys counted, never listed. #}
{% test grain(model, columns) %}
select count(*) as n_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}
