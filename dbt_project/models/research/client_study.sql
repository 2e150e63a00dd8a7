-- Everything the study's tables and models read, one row a client.
{% set scales = {
    'mspss': 'mspss',
    'mspss_family': 'mspss_family',
    'mspss_friends': 'mspss_friends',
    'mspss_significant_other': 'mspss_significant_other',
    'cope_se': 'cope_se',
    'urica_readiness': 'urica_readiness',
} -%}
with

services as (
    select
        client_id,
        max(case when period = 't0' then services end) as services_t0,
        max(case when period = 't6' then services end) as services_t6,
        max(case when period = 'total' then services end) as services_total
    from {{ ref('fct_service_counts') }}
    group by client_id
),

scores as (
    select
        client_id,
        {% for wave in ['t0', 't6'] -%}
        {% for scale, name in scales.items() -%}
        max(case when scale = '{{ scale }}' and wave = '{{ wave }}' then score end) as {{ name }}_{{ wave }},
        {% endfor -%}
        max(case when wave = '{{ wave }}' then stage end) as urica_stage_{{ wave }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('fct_scale_scores') }}
    group by client_id
)

select
    clients.client_id,
    clients.age,
    clients.race_ethnicity,
    clients.minority,
    clients.orientation_minority,
    clients.county_outlying,
    clients.classification,
    clients.confirmed,
    clients.victimization_child_sexual_abuse,
    clients.victimization_domestic_family_violence,
    clients.victimization_physical_abuse_neglect,
    clients.victimization_bullying,
    clients.victimization_teen_dating_violence,
    clients.victimization_other,
    clients.special_homelessness,
    clients.special_limited_english,
    clients.special_disability,
    clients.special_immigrant_refugee,
    clients.n_victimizations,
    months.months_of_service_t0,
    months.months_of_service_total,
    services.services_t0,
    services.services_t6,
    services.services_total,
    goals.goals_set,
    goals.goals_met,
    goals.goals_discontinued,
    goals.goals_in_progress,
    goals.goal_completion_rate,
    goals.met_two_thirds,
    {% for wave in ['t0', 't6'] -%}
    scores.mspss_{{ wave }},
    scores.mspss_family_{{ wave }},
    scores.mspss_friends_{{ wave }},
    scores.mspss_significant_other_{{ wave }},
    scores.cope_se_{{ wave }},
    scores.urica_readiness_{{ wave }},
    scores.urica_stage_{{ wave }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('dim_clients') }} as clients
left join {{ ref('fct_months_of_service') }} as months on clients.client_id = months.client_id
left join services on clients.client_id = services.client_id
left join {{ ref('fct_goal_completion') }} as goals on clients.client_id = goals.client_id
left join scores on clients.client_id = scores.client_id
order by clients.client_id
