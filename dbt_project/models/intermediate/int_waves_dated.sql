-- The assessment date of a wave is the earliest date of the instruments answered in it.
select
    client_id,
    wave,
    min(recorded_on) as assessment_date,
    cast(count(distinct instrument) as bigint) as n_instruments,
    {{ days_between('min(recorded_on)', 'max(recorded_on)') }} as spread_days
from {{ ref('int_responses_placed') }}
where wave is not null
group by client_id, wave
