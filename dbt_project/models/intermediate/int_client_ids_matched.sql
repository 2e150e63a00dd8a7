-- An ID that a present client of the intake export bears is that client; else a person may have settled it in the alias
-- table (a typing slip, or a record merged into another, whose old intake row has vanished); else it may be the ID of a
-- client whose intake row has vanished. Similar IDs are never joined: they wait for a person.
with

appearing as (
    select client_key, client_id_raw, source_client_id from {{ ref('stg_case_management__clients') }}
    union all
    select client_key, client_id_raw, source_client_id from {{ ref('stg_case_management__case_notes') }}
    union all
    select client_key, client_id_raw, source_client_id from {{ ref('stg_case_management__goal_reviews') }}
    union all
    select client_key, client_id_raw, source_client_id from {{ ref('stg_qualtrics__responses') }}
),

typed as (
    select
        client_key,
        max(client_id_raw) as client_id_raw,
        max(source_client_id) as source_client_id
    from appearing
    group by client_key
),

clients as (
    select
        source_client_id,
        bool_or(absent_since is null) as is_present
    from {{ ref('stg_case_management__clients') }}
    where source_client_id is not null
    group by source_client_id
),

aliases as (
    select
        upper(trim(aliases.client_id_raw)) as alias,
        min(aliases.client_id) as source_client_id
    from {{ source('control', 'client_aliases') }} as aliases
    inner join clients on aliases.client_id = clients.source_client_id
    group by upper(trim(aliases.client_id_raw))
),

candidates as (
    select
        typed.client_key,
        clients.source_client_id as own_id,
        coalesce(clients.is_present, false) as is_present,
        coalesce(as_typed.source_client_id, as_normalised.source_client_id) as alias_id
    from typed
    left join clients on typed.source_client_id = clients.source_client_id
    left join aliases as as_typed on upper(trim(typed.client_id_raw)) = as_typed.alias
    left join aliases as as_normalised on upper(typed.source_client_id) = as_normalised.alias
)

select
    client_key,
    case when is_present then own_id else coalesce(alias_id, own_id) end as matched_client_id,
    case
        when is_present then 'exact'
        when alias_id is not null then 'alias'
        when own_id is not null then 'exact_absent'
        else 'unmatched'
    end as matched_by
from candidates
