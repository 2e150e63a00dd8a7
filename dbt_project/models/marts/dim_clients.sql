with

clients as (
    select * from {{ ref('int_clients_identified') }}
)

select
    client_id,
    {{ age_on('birth_date', "cast('" ~ var('age_as_of') ~ "' as date)") }} as age,
    case
        when position('|' in marked_races) > 0 then 'multiracial'
        when marked_races in ('black', 'latinx', 'white') then marked_races
        when marked_races is not null then 'other'
    end as race_ethnicity,
    marked_races <> 'white' as minority,
    case
        when sexual_orientation = 'straight' then false
        when sexual_orientation <> 'declined' then true
    end as orientation_minority,
    not ({{ is_in('county', var('main_counties')) }}) as county_outlying,
    case classification
        when 'confirmed' then 'Confirmed'
        when 'high_risk' then 'High Risk'
    end as classification,
    classification = 'confirmed' as confirmed,
    {% for code in [
        'child_sexual_abuse', 'domestic_family_violence', 'physical_abuse_neglect', 'bullying', 'teen_dating_violence', 'other'
    ] -%}
    {{ is_told('victimizations', code) }} as victimization_{{ code }},
    {% endfor -%}
    {% for code in ['homelessness', 'limited_english', 'disability', 'immigrant_refugee'] -%}
    {{ is_told('special_classifications', code) }} as special_{{ code }},
    {% endfor -%}
    cast({{ count_codes('victimizations') }} as integer) as n_victimizations,
    intake_date is not null as has_intake_date
from clients
order by client_id
