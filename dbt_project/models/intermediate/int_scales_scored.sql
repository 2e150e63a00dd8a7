-- Every scale of every response used in a wave. A scale is factor x sum / answered items, null below its minimum.
{% set readiness_weights = var('urica_weights') -%}
with

scales (scale, instrument, min_answered, n_items, factor) as (
    values
    {% for scale in var('scales') -%}
    (
        '{{ scale.name }}', '{{ scale.instrument }}', {{ scale.min_answered }}, {{ scale['items'] | length }}, {{ scale.factor }}
    ){{ ',' if not loop.last }}
    {% endfor %}
),

scale_items as (
    {{ scale_items() }}
),

used as (
    select * from {{ ref('int_responses_placed') }}
    where wave is not null
),

sums as (
    select
        scale_items.scale,
        answers.response_id,
        cast(count(*) as bigint) as n_answered,
        cast(sum(answers.item_value) as bigint) as total
    from {{ ref('stg_qualtrics__answers') }} as answers
    inner join scale_items on answers.instrument = scale_items.instrument and answers.item = scale_items.item
    group by scale_items.scale, answers.response_id
),

single as (
    select
        used.instrument,
        used.response_id,
        scales.scale,
        cast(scales.n_items as integer) as n_items,
        coalesce(sums.n_answered, 0) as n_answered,
        case when sums.n_answered >= scales.min_answered then sums.total end as total,
        case
            when sums.n_answered >= scales.min_answered
                then cast(scales.factor * sums.total as double) / sums.n_answered
        end as score
    from used
    inner join scales on used.instrument = scales.instrument
    left join sums on used.response_id = sums.response_id and scales.scale = sums.scale
),

-- Added in one order: sum() takes fractions as they come, and their last digit with them.
{% if var('mspss_composite') == 'sum_of_means' -%}
composite as (
    select
        response_id,
        max(case when scale = 'mspss_significant_other' then score end)
        + max(case when scale = 'mspss_family' then score end)
        + max(case when scale = 'mspss_friends' then score end) as score
    from single
    where instrument = 'mspss'
    group by response_id
),

{% endif -%}

-- Whole numbers until the last division: the composite is compared with cut-offs.
readiness as (
    select
        response_id,
        cast(sum(n_items) as integer) as n_items,
        cast(sum(n_answered) as bigint) as n_answered,
        case
            when count(score) = 4
                then cast(
                    sum(
                        total * case scale
                            {% for subscale, weight in readiness_weights.items() -%}
                            when 'urica_{{ subscale }}' then {{ weight }}
                            {% endfor -%}
                        end
                    ) as double
                ) / {{ var('urica_divisor') }}
        end as score,
        max(case when scale = 'urica_precontemplation' then score end) as precontemplation,
        max(case when scale = 'urica_contemplation' then score end) as contemplation,
        max(case when scale = 'urica_action' then score end) as action_score,
        max(case when scale = 'urica_maintenance' then score end) as maintenance
    from single
    where scale in (
        'urica_precontemplation', 'urica_contemplation', 'urica_action', 'urica_maintenance'
    )
    group by response_id
),

scored as (
    select
        single.instrument,
        single.response_id,
        single.scale,
        single.n_items,
        single.n_answered,
        {% if var('mspss_composite') == 'sum_of_means' -%}
        case when single.scale = 'mspss' then composite.score else single.score end as score,
        {%- else -%}
        single.score,
        {%- endif %}
        cast(null as string) as stage
    from single
    {% if var('mspss_composite') == 'sum_of_means' -%}
    left join composite on single.response_id = composite.response_id and single.scale = 'mspss'
    {%- endif %}
    union all
    select
        'urica' as instrument,
        response_id,
        'urica_readiness' as scale,
        n_items,
        n_answered,
        score,
        {{ urica_stage() }} as stage
    from readiness
),

-- Several behaviours may be answered on a wave's day: the one with the highest readiness is the client's.
preferred as (
    select
        used.instrument,
        used.response_id,
        row_number() over (
            partition by used.client_id, used.wave, used.instrument
            order by readiness.score desc nulls last, used.behavior nulls last, used.response_id
        ) as preference,
        cast(count(*) over (partition by used.client_id, used.wave, used.instrument) as bigint) as n_responses
    from used
    left join readiness on used.response_id = readiness.response_id and used.instrument = 'urica'
)

select
    used.client_id,
    used.wave,
    used.instrument,
    scored.scale,
    used.response_id,
    used.recorded_on,
    used.behavior,
    preferred.n_responses,
    preferred.preference = 1 as is_chosen,
    scored.n_items,
    scored.n_answered,
    scored.score,
    scored.stage
from scored
inner join used on scored.instrument = used.instrument and scored.response_id = used.response_id
inner join preferred on scored.instrument = preferred.instrument and scored.response_id = preferred.response_id
