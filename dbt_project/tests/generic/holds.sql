{# The condition is true, or unknown because something is missing, in every row. #}
{% test holds(model, condition) %}
select 1 as broken
from {{ model }}
where not ({{ condition }})
{% endtest %}
