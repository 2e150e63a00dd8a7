-- Who and what was left out on the way to the study's tables, step by step, with the reason.
with

clients as (
    select
        clients.client_id,
        clients.intake_date,
        study.mspss_t0,
        study.cope_se_t0,
        study.urica_readiness_t0,
        study.mspss_t6,
        study.cope_se_t6,
        study.urica_readiness_t6
    from {{ ref('int_clients_identified') }} as clients
    inner join {{ ref('client_study') }} as study on clients.client_id = study.client_id
),

responses as (
    select
        instrument,
        coalesce(wave, excluded_reason) as outcome,
        wave is null as is_excluded,
        cast(count(*) as bigint) as n
    from {{ ref('int_responses_placed') }}
    group by instrument, coalesce(wave, excluded_reason), wave is null
),

steps as (
    select 1 as position, 'clients in the intake export' as step, cast(count(*) as bigint) as n, cast(null as string) as reason
    from clients
    union all
    select 2, 'clients without an intake date', cast(count(*) as bigint), 'no_intake_date' from clients
    where intake_date is null
    union all
    select 3, 'clients admitted after the study', cast(count(*) as bigint), 'admitted_after_study' from clients
    where intake_date > cast('{{ var("study_end") }}' as date)
    {% set labels = {
        'mspss': 'MSPSS', 'cope_se': 'Cop-SE', 'urica_readiness': 'URICA'
    } -%}
    {% for wave, wave_label in [('t0', '0 months'), ('t6', '6 months')] -%}
    {% for scale, label in labels.items() -%}
    union all
    select {{ 10 + 10 * loop.index0 + (5 if wave == 't6' else 0) }}, 'clients with a {{ label }} score at {{ wave_label }}',
        cast(count({{ scale }}_{{ wave }}) as bigint), cast(null as string)
    from clients
    {% endfor -%}
    {% endfor -%}
    union all
    select 40, 'clients with all three scores at 0 months', cast(count(*) as bigint), cast(null as string) from clients
    where mspss_t0 is not null and cope_se_t0 is not null and urica_readiness_t0 is not null
    union all
    select 50, instrument || ' responses received', cast(sum(n) as bigint), cast(null as string) from responses
    group by instrument
    union all
    select 60, instrument || ' responses left out', n, outcome from responses
    where is_excluded
    union all
    select 70, instrument || ' responses used at ' || outcome, n, cast(null as string) from responses
    where not is_excluded
)

select position, step, n, reason
from steps
order by position, step, reason
