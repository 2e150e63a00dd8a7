{# Over each client the column adds up to a column of another model: nothing lost between two ways of counting. #}
{% test adds_up_to(model, column, other, other_column, among) %}
with

here as (
    select client_id, cast(sum({{ column }}) as bigint) as total from {{ model }} group by client_id
),

there as (
    select client_id, {{ other_column }} as total from {{ other }} where {{ among }}
)

select there.client_id
from there
left join here on there.client_id = here.client_id
where coalesce(here.total, 0) <> there.total
{% endtest %}
