{# Everyone of the intake export whose ID can be read has a row: a client without a research ID would vanish silently. #}
{% test loses_nobody(model) %}
select distinct ids.matched_client_id as source_client_id
from {{ ref('stg_case_management__clients') }} as clients
inner join {{ ref('int_client_ids_matched') }} as ids on clients.client_key = ids.client_key
left join {{ model }} as identified on ids.matched_client_id = identified.source_client_id
where ids.matched_client_id is not null and identified.client_id is null
{% endtest %}
