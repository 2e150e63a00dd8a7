-- The answers behind the scores of client_study, for reliability: one row an answered item of a scale.
with

scale_items as (
    {{ scale_items() }}
),

chosen as (
    select client_id, wave, scale, instrument, response_id
    from {{ ref('int_scales_scored') }}
    where is_chosen
)

select
    chosen.client_id,
    chosen.scale,
    chosen.wave,
    answers.item,
    answers.item_value as value
from chosen
inner join scale_items on chosen.scale = scale_items.scale
inner join {{ ref('stg_qualtrics__answers') }} as answers
    on chosen.instrument = answers.instrument
    and chosen.response_id = answers.response_id
    and scale_items.item = answers.item
