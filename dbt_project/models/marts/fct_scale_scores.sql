-- Scores of the response that counts for each client, wave and scale.
select
    scores.client_id,
    scores.scale,
    scores.wave,
    scores.score,
    scores.stage,
    scores.n_items,
    cast(scores.n_answered as integer) as n_answered,
    cast(scores.n_responses as integer) as n_responses,
    cast({{ days_between('clients.intake_date', 'scores.recorded_on') }} as integer) as days_since_intake
from {{ ref('int_scales_scored') }} as scores
inner join {{ ref('int_clients_identified') }} as clients on scores.client_id = clients.client_id
where scores.is_chosen
order by scores.client_id, scores.scale, scores.wave
