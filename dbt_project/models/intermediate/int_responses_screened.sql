-- Which survey responses are real, whose they are, and which of several on one day counts.
with

answered as (
    select
        instrument,
        response_id,
        cast(count(*) as bigint) as n_answered
    from {{ ref('stg_qualtrics__answers') }}
    group by instrument, response_id
),

responses as (
    select
        responses.*,
        coalesce(answered.n_answered, 0) as n_answered,
        case responses.instrument
            {% for instrument, needed in var('scoreable_items').items() -%}
            when '{{ instrument }}' then {{ needed }}
            {% endfor -%}
        end as scoreable_items,
        clients.client_id,
        clients.anchor_date
    from {{ ref('stg_qualtrics__responses') }} as responses
    left join answered
        on responses.instrument = answered.instrument and responses.response_id = answered.response_id
    left join {{ ref('int_client_ids_matched') }} as ids on responses.client_key = ids.client_key
    left join {{ ref('int_clients_identified') }} as clients on ids.matched_client_id = clients.source_client_id
),

screened as (
    select
        *,
        case
            when status_bits & 1 <> 0 then 'preview'
            when status_bits & 2 <> 0 then 'test'
            when status_bits & 8 <> 0 then 'spam'
            when client_id is null then 'unmatched'
            when not is_finished
                {%- if var('accept_unfinished') %} and n_answered < scoreable_items{% endif %}
                then 'unfinished_not_scoreable'
        end as screened_out
    from responses
),

-- Several real responses of a client on one day: most items answered, then the latest. URICA asks about one behaviour
-- at a time, so there the rule holds for each behaviour.
ranked as (
    select
        *,
        row_number() over (
            partition by instrument, client_id, recorded_on, coalesce(behavior, 0), screened_out is null
            order by n_answered desc, recorded_at_utc desc nulls last, response_id desc
        ) as day_rank
    from screened
)

select
    instrument,
    response_id,
    client_id,
    anchor_date,
    recorded_on,
    behavior,
    n_answered,
    is_finished,
    case when screened_out is null and day_rank > 1 then 'duplicate_same_day' else screened_out end as screened_out,
    file_token,
    sheet,
    source_row
from ranked
