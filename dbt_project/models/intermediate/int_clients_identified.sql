-- Everyone of the intake export under the research ID, with the facts that every definition starts from.
with

matched as (
    select
        clients.*,
        ids.matched_client_id,
        row_number() over (
            partition by ids.matched_client_id
            order by
                case when clients.source_client_id = ids.matched_client_id then 0 else 1 end,
                case when clients.absent_since is null then 0 else 1 end,
                clients.exported_at desc nulls last,
                clients.file_token desc,
                clients.sheet desc nulls last,
                clients.source_row desc
        ) as preference
    from {{ ref('stg_case_management__clients') }} as clients
    inner join {{ ref('int_client_ids_matched') }} as ids on clients.client_key = ids.client_key
    where ids.matched_client_id is not null
),

-- Whoever declined has told nothing, whatever else is marked; a marking nobody could read leaves the whole unknown.
marked as (
    select
        *,
        case
            when not ({{ has_code('races', 'declined') }} or {{ has_code('races', 'unmapped') }}) then nullif(races, '')
        end as marked_races
    from matched
    where preference = 1
)

select
    crosswalk.client_id,
    marked.matched_client_id as source_client_id,
    marked.birth_date,
    marked.intake_date,
    marked.exit_date,
    case
        when marked.intake_date > cast('{{ var("study_start") }}' as date) then marked.intake_date
        else cast('{{ var("study_start") }}' as date)
    end as anchor_date,
    case
        when marked.exit_date < cast('{{ var("study_end") }}' as date) then marked.exit_date
        else cast('{{ var("study_end") }}' as date)
    end as service_end_date,
    marked.marked_races,
    marked.sexual_orientation,
    marked.county,
    marked.classification,
    marked.victimizations,
    marked.special_classifications,
    marked.case_manager,
    marked.absent_since,
    marked.file_token,
    marked.sheet,
    marked.source_row
from marked
inner join {{ source('control', 'crosswalk') }} as crosswalk
    on marked.matched_client_id = crosswalk.source_client_id
