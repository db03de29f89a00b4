---------------------------- MODULE Pilothouse ----------------------------
(***************************************************************************)
(* Plan and apply, for one resource of one Application: what a person, the *)
(* cloud and two processes of the Controller can do, in every order.       *)
(* docs/model.md says which function each action stands for, what is left  *)
(* out, and how to run it (`make model`).                                  *)
(*                                                                         *)
(* Time is not counted. What waits for time in the code waits here for the *)
(* action WindowPasses, which cannot happen before everything has happened *)
(* that the wait is for.                                                   *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS
  Style,        \* how it is created: "named", "tokened" or "tokenless"
  InPlace,      \* whether its setting can change in place; else a change replaces it
  Policy,       \* its deletionPolicy to begin with: "Delete" or "Retain"
  Edits,        \* which fields of the spec people change: a set of strings
  Deletes,      \* whether a person may delete the Application
  Changes,      \* how often people change the spec, at most
  Crashes,      \* how often a process dies, at most
  Losses,       \* how often a process stops waiting for a reply, at most
  Pauses,       \* how often a leader is paused until its Lease has expired, at most
  Thefts,       \* how often the thing is removed behind our back, at most
  Shreds,       \* how often somebody deletes the Plan, at most
  Revisions,    \* how far revisions of Plans are counted: they have no bound of their own
  SlowListing,  \* whether listings may lag for longer than is waited for
  LateCalls     \* whether a call may take effect later than is waited for: a leader that
                \* was paused between its check and its call, for providers know no fencing

(* The rules. All are TRUE in the code; each is taken away by a mutant.    *)
CONSTANTS
  LookAgain,          \* what became of a call is looked for before it is repeated
  Fence,              \* leadership is checked between the write-ahead and the call
  VersionChecked,     \* the write-ahead is refused if the Application was changed
  ReadBeforeRecreate, \* missing in a listing is not gone
  TokenOfIdentity,    \* a token is made of the incarnation, not of settings
  SpentAwaited,       \* what a refused token has made is waited for before the next one is used
  ApprovalOfHash,     \* an approval carries over to the same step only
  BasisChecked,       \* what a step is based on is read again just before
  RetainObeyed,       \* what says Retain is let go instead of deleted
  RetainHeard,        \* Retain counts from when it is in the spec, whatever else is wrong there
  ReplaceRefused,     \* what says Retain is not replaced
  IntentsKept,        \* the intent of a lost call stays beside that of its repetition
  DeletesAwaited      \* a name is not used again before a lost deletion of it is over

Processes == {"A", "B"}
Nobody == "nobody"

VARIABLES
  app,       \* "live", "deleting" (deletionTimestamp is set) or "gone"
  spec,      \* Application.spec
  ledger,    \* Application.status.resources: the entry of the thing
  intent,    \* Application.status.inFlight
  elapsed,   \* whether what the last write-ahead or create may hide has had its time
  revision,  \* Application.status.planRevision
  plan,      \* the Plan that is active
  process,   \* where each process is in its pass, and whether it leads
  memory,    \* what each process knows in its pass
  things,    \* the cloud: what there is
  made,      \*   how many were ever made
  tokens,    \*   which token made what
  listed,    \*   what listings show: things as they were some time ago
  calls,     \*   calls under way
  left,      \* how often what has a bound may still happen
  approved,  \* ghost: what people have approved: action, identifier and outcome
  told,      \* ghost: the policy that a pass has last read in the spec
  harm       \* ghost: the first destructive call that should not have been, or "none"

apiserver == <<app, spec, ledger, intent, elapsed, revision, plan>>
cloud == <<things, made, tokens, listed, calls>>
ghosts == <<approved, told, harm>>
vars == <<apiserver, process, memory, cloud, left, ghosts>>

-----------------------------------------------------------------------------
(* What things are                                                         *)

(* spent: whether its token was refused, for it had made something with another setting. *)
NoEntry == [there |-> FALSE, id |-> 0, incarnation |-> 0, created |-> FALSE, spent |-> FALSE, policy |-> "Delete"]
(* What was sent, or was about to be, and how often with an outcome that nobody knows. *)
NoIntent == [action |-> "none", count |-> 0]
NoStep == [action |-> "none", n |-> 0, shape |-> 0, gated |-> FALSE, face |-> {}]
NoPlan == [step |-> NoStep, approved |-> FALSE]
NoMemory == [current |-> FALSE, app |-> "", spec |-> {}, ledger |-> NoEntry, intent |-> NoIntent, revision |-> 0,
             step |-> NoStep, direct |-> FALSE, reply |-> "", n |-> 0]

(* Things are numbered. The identifier of a named one is its name, which its successors have as well. *)
IdOf(n) == IF n = 0 THEN 0 ELSE IF Style = "named" THEN 1 ELSE n
Of(id) == {t \in things : IdOf(t.n) = id}
(* What a reading shows: all but our number, and whether it can be read yet. *)
Face(t) == [id |-> IdOf(t.n), incarnation |-> t.incarnation, shape |-> t.shape, marked |-> t.marked]
Shown(t) == \E live \in things : live.n = t.n
Ours == {t \in things : t.marked}
Least(set) == CHOOSE t \in set : \A other \in set : t.n <= other.n

Init ==
  /\ app = "live"
  /\ spec = [wanted |-> TRUE, shape |-> 1, policy |-> Policy, suspend |-> FALSE, broken |-> FALSE]
  /\ ledger = NoEntry /\ intent = NoIntent /\ elapsed = FALSE /\ revision = 0 /\ plan = NoPlan
  /\ process = [p \in Processes |-> [at |-> "idle", leads |-> "no"]]
  /\ memory = [p \in Processes |-> NoMemory]
  /\ things = {} /\ made = 0 /\ tokens = {} /\ listed = {} /\ calls = {}
  /\ left = [changes |-> Changes, crashes |-> Crashes, losses |-> Losses, pauses |-> Pauses,
             thefts |-> Thefts, shreds |-> Shreds]
  /\ approved = {} /\ told = "Delete" /\ harm = "none"

-----------------------------------------------------------------------------
(* What people do                                                          *)

(* Whoever has read the Application before it was written has an old version. *)
Outdated(others) == [q \in Processes |-> IF q \in others THEN [memory[q] EXCEPT !.current = FALSE] ELSE memory[q]]

ChangeSpec ==
  /\ app # "gone" /\ left.changes > 0
  /\ \E field \in Edits :
       spec' = CASE field = "wanted" -> [spec EXCEPT !.wanted = ~@]
                 [] field = "shape" -> [spec EXCEPT !.shape = 3 - @]
                 [] field = "policy" -> [spec EXCEPT !.policy = IF @ = "Retain" THEN "Delete" ELSE "Retain"]
                 [] field = "suspend" -> [spec EXCEPT !.suspend = ~@]
                 [] field = "broken" -> [spec EXCEPT !.broken = ~@]
  /\ left' = [left EXCEPT !.changes = @ - 1]
  /\ memory' = Outdated(Processes)
  /\ UNCHANGED <<app, ledger, intent, elapsed, revision, plan, process, cloud, ghosts>>

DeleteApplication ==
  /\ Deletes /\ app = "live"
  /\ app' = "deleting"
  /\ memory' = Outdated(Processes)
  /\ UNCHANGED <<spec, ledger, intent, elapsed, revision, plan, process, cloud, left, ghosts>>

(* A person approves the Plan as it stands: what is done, to which identifier, and to which end. *)
Approve ==
  /\ plan.step.gated /\ ~plan.approved
  /\ plan' = [plan EXCEPT !.approved = TRUE]
  /\ approved' = approved \union {<<plan.step.action, IdOf(plan.step.n), plan.step.shape>>}
  /\ UNCHANGED <<app, spec, ledger, intent, elapsed, revision, process, memory, cloud, left, told, harm>>

DeletePlan ==
  /\ left.shreds > 0 /\ plan # NoPlan
  /\ plan' = NoPlan
  /\ left' = [left EXCEPT !.shreds = @ - 1]
  /\ UNCHANGED <<app, spec, ledger, intent, elapsed, revision, process, memory, cloud, ghosts>>

RemoveThing ==
  /\ left.thefts > 0
  /\ \E t \in things : things' = things \ {t}
  /\ left' = [left EXCEPT !.thefts = @ - 1]
  /\ UNCHANGED <<apiserver, process, memory, made, tokens, listed, calls, ghosts>>

-----------------------------------------------------------------------------
(* What the cloud does                                                     *)

Token(incarnation, shape) == IF TokenOfIdentity THEN <<incarnation>> ELSE <<incarnation, shape>>

(* A call is answered to the process that waits for it, if that still does. *)
Answer(call, reply, n) ==
  IF call.from = Nobody THEN UNCHANGED <<process, memory>>
  ELSE /\ process' = [process EXCEPT ![call.from].at = "replied"]
       /\ memory' = [memory EXCEPT ![call.from].reply = reply, ![call.from].n = n]

Make(call) ==
  /\ things' = things \union {[n |-> made + 1, incarnation |-> call.incarnation, shape |-> call.shape,
                               marked |-> TRUE, readable |-> Style = "named"]}
  /\ made' = made + 1
  /\ tokens' = IF Style = "tokened"
               THEN tokens \union
                    {[token |-> Token(call.incarnation, call.shape), n |-> made + 1, shape |-> call.shape]}
               ELSE tokens
  /\ Answer(call, "done", made + 1)

Refuse(call, reply, n) == Answer(call, reply, n) /\ UNCHANGED <<things, made, tokens>>

ArriveCreate(call) ==
  LET used == {known \in tokens : known.token = Token(call.incarnation, call.shape)}
      first == CHOOSE known \in used : TRUE
  IN CASE Style = "named" /\ things # {} ->
            LET t == Least(things)
            IN Refuse(call, IF t.shape = call.shape THEN "done" ELSE "conflict", t.n)
       [] Style = "tokened" /\ used # {} ->
            LET alive == \E t \in things : t.n = first.n
                reply == IF first.shape # call.shape THEN "mismatch" ELSE IF ~alive THEN "spent" ELSE "done"
            IN Refuse(call, reply, first.n)
       [] OTHER -> Make(call)

(* A change of what an identifier means when the call takes effect, whatever it meant when it was sent. *)
ArriveChange(call) ==
  LET target == Of(IdOf(call.n))
      t == Least(target)
      changed == CASE call.action \in {"Delete", "Replace", "Retire"} -> {}
                   [] call.action = "Update" -> {[t EXCEPT !.shape = call.shape]}
                   [] call.action = "Adopt" -> {[t EXCEPT !.marked = TRUE, !.incarnation = call.incarnation]}
                   [] call.action = "Release" -> {[t EXCEPT !.marked = FALSE]}
  IN IF target = {} THEN Refuse(call, "notfound", 0)
     ELSE /\ things' = (things \ {t}) \union changed
          /\ Answer(call, "done", t.n)
          /\ UNCHANGED <<made, tokens>>

Arrive ==
  \E call \in calls :
    /\ calls' = calls \ {call}
    /\ IF call.action = "Create" THEN ArriveCreate(call) ELSE ArriveChange(call)
    /\ LET hit == Of(IdOf(call.n))
           wrong == call.action \in {"Delete", "Replace", "Retire"} /\ \E t \in hit : t.n # call.n
       IN harm' = IF harm = "none" /\ wrong THEN "another thing" ELSE harm
    /\ UNCHANGED <<apiserver, listed, left, approved, told>>

(* Sweeps and searches show what there is now; until then, what there was. What they show can be read. *)
CatchUp ==
  /\ listed # things
  /\ things' = {[t EXCEPT !.readable = TRUE] : t \in things}
  /\ listed' = things'
  /\ UNCHANGED <<apiserver, process, memory, made, tokens, calls, left, ghosts>>

(* From now on a thing can be read by its identifier. *)
Appear ==
  /\ \E t \in things : ~t.readable /\ things' = (things \ {t}) \union {[t EXCEPT !.readable = TRUE]}
  /\ UNCHANGED <<apiserver, process, memory, made, tokens, listed, calls, left, ghosts>>

(* So much time has passed since the last write-ahead or create that what it waits for must have come. *)
WindowPasses ==
  /\ ~elapsed /\ (intent # NoIntent \/ ledger.created)
  /\ calls = {} \/ LateCalls
  /\ listed = things \/ SlowListing
  /\ \A t \in things : t.readable
  /\ \A p \in Processes : process[p].at \in {"written", "called"} => process[p].leads # "yes"
  /\ elapsed' = TRUE
  /\ UNCHANGED <<app, spec, ledger, intent, revision, plan, process, memory, cloud, left, ghosts>>

-----------------------------------------------------------------------------
(* A pass: what a process concludes from what it sees. All of it is pure.  *)

Wanted == app = "live" /\ spec.wanted
Halted == app = "live" /\ spec.suspend
Invalid == app = "live" /\ spec.broken

(* Take in what bears our mark and is on no record: a former leader's, say. *)
Claimed ==
  LET strays == {t \in listed : t.marked}
      t == Least(strays)
  IN IF ledger.id # 0 \/ Wanted \/ intent # NoIntent \/ strays = {} THEN ledger
     ELSE [ledger EXCEPT !.there = TRUE, !.id = IdOf(t.n),
                         !.incarnation = IF @ < t.incarnation THEN t.incarnation ELSE @]

(* All that may be seen of the thing: a listing where that is enough, else a direct read. *)
Evidence(entry) ==
  LET lines == {t \in listed : IdOf(t.n) = entry.id}
      live == Of(entry.id)
      listing == [direct |-> FALSE, found |-> {}]
      look == [direct |-> TRUE, found |-> {}]
  IN IF entry.id # 0
     THEN (IF lines # {} /\ intent = NoIntent THEN {[listing EXCEPT !.found = {t}] : t \in lines} ELSE {})
          \union (IF ~ReadBeforeRecreate /\ lines = {} THEN {listing} ELSE {})
          \union {[look EXCEPT !.found = {t \in live : t.readable}]}
     ELSE IF Wanted \/ intent # NoIntent
     THEN {[look EXCEPT !.found = IF ~LookAgain THEN {} ELSE IF Style = "named" THEN things
                                  ELSE {t \in things : \E line \in listed : line.n = t.n}]}
     ELSE {look}

Presence(entry, found) ==
  CASE entry.id # 0 /\ found = {} -> IF entry.created /\ ~elapsed THEN "unknown" ELSE "gone"
    [] found = {} -> "absent"
    [] OTHER -> "present"

(* Which of those found is meant: that with the very mark before the others. *)
Best(entry, found) ==
  LET exact == {t \in found : t.marked /\ t.incarnation = entry.incarnation}
  IN IF exact # {} THEN Least(exact) ELSE Least(found)

(* Others with the very mark: what a create made whose reply was lost. *)
Extras(entry, found) ==
  {t \in listed \union found : t.marked /\ t.incarnation = entry.incarnation /\ IdOf(t.n) # entry.id}

Repeatable(entry, sent) ==
  /\ Wanted /\ entry.id = 0 /\ ~entry.spent
  /\ sent.action = "Adopt" \/ (sent.action = "Create" /\ Style # "tokenless")

(* One call less whose outcome is not known. *)
Less(sent) == IF IntentsKept /\ sent.count > 1 THEN [sent EXCEPT !.count = @ - 1] ELSE NoIntent

(* Under a name that its next one has as well, a call that is still under way could hit that, or make one more. *)
Awaited(sent) ==
  /\ ~elapsed /\ Style = "named"
  /\ \/ DeletesAwaited /\ sent.action \in {"Delete", "Replace"}
     \/ IntentsKept /\ sent.action = "Create"

(* What a refused token had made is seen by now, or there is nothing: the next incarnation has a token of its own. *)
Renewed(entry, sent) ==
  IF elapsed \/ ~SpentAwaited THEN <<[entry EXCEPT !.incarnation = @ + 1, !.spent = FALSE], NoIntent>> ELSE <<entry, sent>>

(* Entry and intent once what became of the call is concluded. *)
Settled(entry, sent, presence, found) ==
  LET t == Best(entry, found)
      ours == presence = "present" /\ t.marked /\ (t.incarnation = entry.incarnation \/ ~Wanted)
      rest == Less(sent)
  IN CASE presence = "unknown" \/ sent = NoIntent -> <<entry, sent>>
       [] sent.action \notin {"Create", "Adopt"} \/ entry.id # 0 -> <<entry, IF Awaited(sent) THEN sent ELSE NoIntent>>
       [] ours -> <<[entry EXCEPT !.id = IdOf(t.n), !.spent = FALSE], IF Awaited(sent) THEN rest ELSE NoIntent>>
       [] entry.spent /\ presence = "absent" -> Renewed(entry, sent)
       [] elapsed -> <<entry, NoIntent>>
       [] Repeatable(entry, sent) -> <<entry, IF IntentsKept THEN sent ELSE NoIntent>>
       [] OTHER -> <<entry, sent>>

(* What is proven gone is gone, and its next one is another incarnation. *)
Recorded(entry, presence) ==
  IF presence # "gone" \/ entry.id = 0 THEN [entry EXCEPT !.created = @ /\ presence # "present"]
  ELSE [entry EXCEPT !.id = 0, !.incarnation = @ + 1, !.created = FALSE]

Heard(entry) ==
  IF ~entry.there \/ ~spec.wanted THEN entry
  ELSE IF Wanted /\ ~Invalid THEN [entry EXCEPT !.policy = spec.policy]
  ELSE IF RetainHeard /\ spec.policy = "Retain" THEN [entry EXCEPT !.policy = "Retain"]
  ELSE entry

(* Dropped is what is not wanted and not there, or was let go. *)
Forgotten(entry, sent, presence, found) ==
  IF ~Wanted /\ sent = NoIntent /\ (entry.id = 0 \/ (presence = "present" /\ ~Best(entry, found).marked)) THEN NoEntry
  ELSE entry

Step(action, t, shape, gated) ==
  [action |-> action, n |-> t.n, shape |-> shape, gated |-> gated /\ app = "live", face |-> {Face(t)}]

(* The one thing to do: to what is there, to make what is wanted, to retire what is too much. *)
Proposed(entry, presence, found) ==
  LET t == Best(entry, found)
      exact == t.marked /\ t.incarnation = entry.incarnation
      extras == Extras(entry, found)
      retire == IF entry.id # 0 /\ extras # {} THEN Step("Retire", Least(extras), 0, FALSE) ELSE NoStep
  IN CASE presence = "unknown" -> NoStep
       [] Wanted /\ presence # "present" -> [NoStep EXCEPT !.action = "Create", !.shape = spec.shape]
       [] Wanted /\ entry.id = 0 -> Step("Adopt", t, spec.shape, ~exact)
       [] Wanted /\ t.shape # spec.shape /\ InPlace -> Step("Update", t, spec.shape, FALSE)
       [] Wanted /\ t.shape # spec.shape ->
            IF ReplaceRefused /\ spec.policy = "Retain" THEN NoStep ELSE Step("Replace", t, spec.shape, TRUE)
       [] Wanted -> retire
       [] entry.id = 0 \/ presence # "present" -> NoStep
       [] entry.policy = "Retain" /\ RetainObeyed -> Step("Release", t, 0, FALSE)
       [] OTHER -> Step("Delete", t, 0, TRUE)

(* Whether a step of a stored Plan is what a fresh one carries out, wholly or its remaining part. *)
Covers(stored, fresh) ==
  /\ stored.shape = fresh.shape /\ (fresh.gated => stored.gated)
  /\ \/ stored.action \in {"Create", "Replace"} /\ fresh.action = "Create"
     \/ stored.action = fresh.action /\ IdOf(stored.n) = IdOf(fresh.n)

(* What an approval is of: what is done to what, seen how, and to which end. *)
Hash(step) == <<step.action, step.shape, {[f EXCEPT !.incarnation = 0] : f \in step.face}>>

Planned(step, settled) ==
  LET carried == plan.approved /\ (ApprovalOfHash => Hash(plan.step) = Hash(step))
  IN CASE step = NoStep -> IF settled THEN NoPlan ELSE plan
       [] plan # NoPlan /\ Covers(plan.step, step) -> plan
       [] OTHER -> [step |-> step, approved |-> step.gated /\ carried]

(* The pass as a whole: what will be written, which Plan stands, and what may be sent now. *)
Pass(seen) ==
  LET entry == Claimed
      presence == Presence(entry, seen.found)
      settled == Settled(entry, intent, presence, seen.found)
      recorded == Recorded(settled[1], presence)
      known == Forgotten(Heard(recorded), settled[2], presence, seen.found)
      step == IF known.there \/ Wanted THEN Proposed(known, presence, seen.found) ELSE NoStep
      next == Planned(step, presence # "unknown" /\ settled[2] = NoIntent)
      again == IntentsKept /\ Repeatable(known, settled[2]) /\ step.action = settled[2].action
      blocked == settled[2] # NoIntent /\ ~again
      sendable == step # NoStep /\ ~Halted /\ ~blocked /\ (step.gated => next.approved)
  IN IF Invalid THEN [ledger |-> Heard(ledger), intent |-> intent, plan |-> plan, step |-> NoStep]
     ELSE [ledger |-> known, intent |-> settled[2], plan |-> next, step |-> IF sendable THEN step ELSE NoStep]

Finished(a, entry, sent) == a = "deleting" /\ ~entry.there /\ sent = NoIntent

-----------------------------------------------------------------------------
(* What a process does                                                     *)

(* One leads as long as nobody else can; the Lease of one that was paused is free. *)
Acquire(p) ==
  /\ process[p].at = "idle" /\ process[p].leads = "no" /\ app # "gone"
  /\ \A q \in Processes : process[q].leads # "yes"
  /\ process' = [process EXCEPT ![p].leads = "yes"]
  /\ UNCHANGED <<apiserver, memory, cloud, left, ghosts>>

(* Its Lease expires while it is paused. It does not know before it looks. *)
Expire(p) ==
  /\ process[p].leads = "yes" /\ left.pauses > 0 /\ process[p].at # "idle"
  /\ process' = [process EXCEPT ![p].leads = "expired"]
  /\ left' = [left EXCEPT !.pauses = @ - 1]
  /\ UNCHANGED <<apiserver, memory, cloud, ghosts>>

(* A pass that changes nothing is none. *)
Useful(pass) ==
  \/ pass.step # NoStep \/ pass.ledger # ledger \/ pass.intent # intent \/ pass.plan # plan
  \/ Finished(app, pass.ledger, pass.intent)

(* The first half of a pass: read, observe, conclude, and store the Plan if a new one is needed. *)
Observe(p) ==
  /\ process[p].at = "idle" /\ process[p].leads = "yes" /\ app # "gone"
  /\ \E seen \in Evidence(Claimed) :
       LET pass == Pass(seen)
       IN /\ Useful(pass)
          /\ plan' = pass.plan
          /\ process' = [process EXCEPT ![p].at = "observed"]
          /\ memory' = [memory EXCEPT ![p] =
               [current |-> TRUE, app |-> app, spec |-> {spec}, ledger |-> pass.ledger, intent |-> pass.intent,
                revision |-> IF pass.plan \in {plan, NoPlan} \/ revision = Revisions THEN revision ELSE revision + 1,
                step |-> pass.step, direct |-> seen.direct, reply |-> "", n |-> 0]]
  /\ UNCHANGED <<app, spec, ledger, intent, elapsed, revision, cloud, left, ghosts>>

(* A process whose Lease has expired ends when it notices; another one starts in its place. *)
AtRest(p) == [process EXCEPT ![p] = [at |-> "idle", leads |-> IF @.leads = "yes" THEN "yes" ELSE "no"]]
Forgets(p) == [memory EXCEPT ![p] = NoMemory]

(* What the person said last of what becomes of the thing, as far as it can be known. *)
Said == IF spec.wanted THEN spec.policy ELSE told

Overlooked(p) ==
  LET step == memory[p].step
      destroys == step.action \in {"Delete", "Replace"}
  IN CASE ~destroys \/ Of(IdOf(step.n)) = {} -> "none"
       [] Said = "Retain" -> "retained"
       [] app = "live" /\ <<step.action, IdOf(step.n), step.shape>> \notin approved -> "not approved"
       [] OTHER -> "none"

Remember(p) == told' = IF \E s \in memory[p].spec : s.wanted THEN (CHOOSE s \in memory[p].spec : TRUE).policy ELSE told

(* Look once more at what the step is based on, then write ledger and intent; or drop the pass. *)
WriteAhead(p) ==
  LET m == memory[p]
      basis == IF m.step.n = 0 THEN {} ELSE {Face(t) : t \in Of(IdOf(m.step.n))}
      live == Of(IdOf(m.step.n))
      checked == IF BasisChecked /\ m.step.n # 0 /\ live # {} THEN Least(live).n ELSE m.step.n
      looked == m.step.action = "Create" \/ (m.direct /\ m.step.action # "Retire")
      holds == ~BasisChecked \/ looked \/ basis = m.step.face
      begun == IF m.ledger.there THEN m.ledger
               ELSE [m.ledger EXCEPT !.there = TRUE, !.policy = (CHOOSE s \in m.spec : TRUE).policy]
  IN /\ process[p].at = "observed" /\ m.step # NoStep
     /\ IF (m.current \/ ~VersionChecked) /\ holds /\ app # "gone"
        THEN /\ ledger' = begun
             /\ intent' = [action |-> m.step.action, count |-> m.intent.count + 1] /\ elapsed' = FALSE
             /\ revision' = m.revision
             /\ process' = [process EXCEPT ![p].at = "written"]
             /\ memory' = [Outdated(Processes \ {p}) EXCEPT
                            ![p].current = TRUE, ![p].ledger = begun, ![p].intent = intent', ![p].step.n = checked]
             /\ harm' = IF harm = "none" THEN Overlooked(p) ELSE harm
             /\ Remember(p)
        ELSE /\ process' = AtRest(p) /\ memory' = Forgets(p)
             /\ UNCHANGED <<ledger, intent, elapsed, revision, told, harm>>
     /\ UNCHANGED <<app, spec, plan, cloud, left, approved>>

(* Check leadership, and send. One that no longer leads ends. *)
Send(p) ==
  LET m == memory[p]
      call == [action |-> m.step.action, n |-> m.step.n, shape |-> m.step.shape, incarnation |-> m.ledger.incarnation,
               from |-> p, number |-> Cardinality(calls)]
  IN /\ process[p].at = "written"
     /\ IF process[p].leads = "yes" \/ ~Fence
        THEN /\ calls' = calls \union {call}
             /\ process' = [process EXCEPT ![p].at = "called"]
             /\ UNCHANGED memory
        ELSE /\ process' = AtRest(p) /\ memory' = Forgets(p)
             /\ UNCHANGED calls
     /\ UNCHANGED <<apiserver, things, made, tokens, listed, left, ghosts>>

(* What a process waits for, nobody waits for any more. *)
Abandoned(p) == {IF call.from = p THEN [call EXCEPT !.from = Nobody] ELSE call : call \in calls}

(* The reply is lost, or comes too late. *)
GiveUp(p) ==
  /\ process[p].at = "called" /\ left.losses > 0
  /\ calls' = Abandoned(p)
  /\ process' = [process EXCEPT ![p].at = "replied"]
  /\ memory' = [memory EXCEPT ![p].reply = "unknown"]
  /\ left' = [left EXCEPT !.losses = @ - 1]
  /\ UNCHANGED <<apiserver, things, made, tokens, listed, ghosts>>

(* The entry and the intent after a reply. *)
Answered(m) ==
  LET entry == m.ledger
      rest == Less(m.intent)
  IN CASE m.reply = "unknown" -> <<entry, m.intent>>
       [] m.reply = "mismatch" -> <<[entry EXCEPT !.spent = TRUE], IF m.intent.count > 1 THEN rest ELSE m.intent>>
       [] m.reply = "spent" -> <<[entry EXCEPT !.incarnation = @ + 1, !.spent = FALSE], rest>>
       [] m.reply = "done" /\ m.step.action = "Create" -> <<[entry EXCEPT !.id = IdOf(m.n), !.created = TRUE], rest>>
       [] m.reply = "done" /\ m.step.action = "Adopt" -> <<[entry EXCEPT !.id = IdOf(m.n)], rest>>
       [] m.reply = "done" /\ m.step.action = "Release" -> <<NoEntry, rest>>
       [] OTHER -> <<entry, rest>>

(* The end of a pass: write down how far it came, and take the finalizer away when nothing is left. *)
Publish(p) ==
  LET m == memory[p]
      new == IF process[p].at = "replied" THEN Answered(m) ELSE <<m.ledger, m.intent>>
  IN /\ process[p].at = "replied" \/ (process[p].at = "observed" /\ m.step = NoStep)
     /\ IF m.current /\ app # "gone"
        THEN /\ ledger' = new[1] /\ intent' = new[2] /\ revision' = m.revision
             /\ elapsed' = (elapsed /\ ~(m.reply = "done" /\ m.step.action = "Create"))
             /\ app' = IF Finished(m.app, new[1], new[2]) THEN "gone" ELSE app
             /\ memory' = [Outdated(Processes \ {p}) EXCEPT ![p] = NoMemory]
             /\ Remember(p)
        ELSE /\ memory' = Forgets(p)
             /\ UNCHANGED <<app, ledger, intent, elapsed, revision, told>>
     /\ process' = AtRest(p)
     /\ UNCHANGED <<spec, plan, cloud, left, approved, harm>>

Crash(p) ==
  /\ process[p].leads # "no" /\ left.crashes > 0 /\ process[p].at # "idle"
  /\ process' = [process EXCEPT ![p] = [at |-> "idle", leads |-> "no"]]
  /\ memory' = Forgets(p)
  /\ calls' = Abandoned(p)
  /\ left' = [left EXCEPT !.crashes = @ - 1]
  /\ UNCHANGED <<apiserver, things, made, tokens, listed, ghosts>>

-----------------------------------------------------------------------------
Next ==
  \/ ChangeSpec \/ DeleteApplication \/ Approve \/ DeletePlan \/ RemoveThing
  \/ Arrive \/ CatchUp \/ Appear \/ WindowPasses
  \/ \E p \in Processes :
       Acquire(p) \/ Expire(p) \/ Observe(p) \/ WriteAhead(p) \/ Send(p) \/ GiveUp(p) \/ Publish(p) \/ Crash(p)

(* Nobody has to approve, and nothing has to go wrong. The cloud and the Controller go on for as long as they can.
   This is weak fairness of three groups of actions, in terms of what they change: TLC takes too long over ENABLED. *)
CloudCanGoOn == calls # {} \/ ENABLED WindowPasses
ControllerCanGoOn ==
  \E p \in Processes :
    \/ process[p].at \in {"observed", "written", "replied"}
    \/ process[p].at = "idle" /\ app # "gone" /\ \A q \in Processes : process[q].leads # "yes"
    \/ /\ process[p].at = "idle" /\ app # "gone" /\ process[p].leads = "yes"
       /\ \E seen \in Evidence(Claimed) : Useful(Pass(seen))
Fairness ==
  /\ []<>(~CloudCanGoOn) \/ []<><<calls' # calls \/ elapsed' # elapsed>>_vars
  /\ []<>(listed = things) \/ []<><<listed' # listed>>_vars
  /\ []<>(~ControllerCanGoOn) \/ []<><<process' # process>>_vars

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness

-----------------------------------------------------------------------------
(* Safety                                                                  *)

(* Never two for one. A token-less one more for each lost reply while listings are too slow. *)
NoDuplicate ==
  Cardinality(Ours) <= IF Style = "tokenless" /\ SlowListing THEN 1 + Crashes + Losses + Pauses ELSE 1

(* No destructive call on another thing than the one seen, without approval, or against Retain. *)
NoHarm == harm = "none"

(* When the Application is gone, all that was made for it is, but for what is retained; and nothing comes after. *)
NothingLeftBehind ==
  app = "gone" =>
    /\ Ours = {} \/ Said = "Retain"
    /\ \A call \in calls :
         call.action = "Create" => \E known \in tokens : known.token = Token(call.incarnation, call.shape)

LedgerForward ==
  [][(ledger.there /\ ledger'.there => ledger'.incarnation >= ledger.incarnation) /\ revision' >= revision]_vars

(* Liveness                                                                *)

Converged ==
  /\ app = "live" /\ intent = NoIntent /\ calls = {}
  /\ IF spec.wanted THEN \E t \in Ours : Ours = {t} /\ IdOf(t.n) = ledger.id /\ t.shape = spec.shape
     ELSE Ours = {} /\ ~ledger.there

(* Each has a reason among the conditions: InvalidSpec, Suspended, ApprovalNeeded, Retained. *)
Stalled ==
  /\ app = "live"
  /\ \/ spec.broken \/ spec.suspend \/ (plan.step.gated /\ ~plan.approved)
     \/ (spec.wanted /\ spec.policy = "Retain" /\ \E t \in Ours : t.shape # spec.shape)

ComesToRest == <>[](app = "gone" \/ Converged \/ Stalled)
DeletionFinishes == app = "deleting" ~> app = "gone"
=============================================================================
