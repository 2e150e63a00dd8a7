{# Two models hold the same clients, none lost and none invented on the way. #}
{% test same_clients(model, other) %}
select coalesce(here.client_id, there.client_id) as client_id
from {{ model }} as here
full outer join {{ other }} as there on here.client_id = there.client_id
where here.client_id is null or there.client_id is null
{% endtest %}
