;; The hash table of a CombineTable (combine-table.ts): one number, or one state, a distinct key. Built by `node scripts/build-wasm.ts` into
;; combine-table-wasm.ts; a test compares the two.
;;
;; An entry, in the arena as in the staging area, starts at a multiple of eight:
;;   +0   f64: the value. A NaN says that JavaScript holds the state: its low word is the state's number, counted from 1, or 0 for none yet.
;;   +8   i32, the head: the key's bytes in 24 bits; above them its first byte, the type tag
;;   +12  the rest of the key, zeros up to 12 bytes and to the entry's end, which is at a multiple of eight
;; So the 16 bytes from +8 on are all of a short key: they are hashed and compared at once.
;;
;; A place of the table is eight bytes, hash and address of the entry, 0 for none. Open addressing with linear probing; the home of a key is
;; the upper bits of its hash.
(module
  (import "map" "memory" (memory 1))

  ;; Set by JavaScript before the first call: see table-program.ts.
  (global $masks (export "masks") (mut i32) (i32.const 0))
  (global $batch (export "batch") (mut i32) (i32.const 0))
  (global $late (export "late") (mut i32) (i32.const 0))
  ;; Where the memory for arena and table ends.
  (global $tableEnd (export "tableEnd") (mut i32) (i32.const 0))
  ;; How many bytes arena and table may take, what sorting takes included.
  (global $room (export "room") (mut i32) (i32.const 0))

  (global $firstEntry i32 (i32.const 16))
  (global $arenaEnd (export "arenaEnd") (mut i32) (i32.const 0))
  (global $entries (export "entries") (mut i32) (i32.const 0))
  ;; Pairs that `combine` left to JavaScript, each two words at $late: the addresses of its entry and of the pair.
  (global $lateCount (export "lateCount") (mut i32) (i32.const 0))
  ;; Where the places start, below $tableEnd.
  (global $places (export "places") (mut i32) (i32.const 0))
  (global $capacity (mut i32) (i32.const 0))
  (global $shift (mut i32) (i32.const 0))
  ;; Written so that loads that only bring lines into the cache are not dropped as useless.
  (global $touched (mut i32) (i32.const 0))

  ;; Forgets all entries. $capacity places, a power of two; 0 keeps as many as there are.
  (func (export "clear") (param $capacity i32)
    (if (local.get $capacity) (then (call $resize (local.get $capacity))))
    (memory.fill (global.get $places) (i32.const 0) (i32.shl (global.get $capacity) (i32.const 3)))
    (global.set $arenaEnd (global.get $firstEntry))
    (global.set $entries (i32.const 0))
    (global.set $lateCount (i32.const 0)))

  (func $resize (param $capacity i32)
    (global.set $capacity (local.get $capacity))
    (global.set $shift (i32.sub (i32.const 32) (i32.ctz (local.get $capacity))))
    (global.set $places (i32.sub (global.get $tableEnd) (i32.shl (local.get $capacity) (i32.const 3)))))

  ;; Bytes of an entry with such a head.
  (func $entryBytes (param $head i32) (result i32)
    (local $keyBytes i32)
    (local.set $keyBytes (i32.and (local.get $head) (i32.const 0xffffff)))
    (if (i32.le_u (local.get $keyBytes) (i32.const 13)) (then (return (i32.const 24))))
    (i32.and (i32.add (local.get $keyBytes) (i32.const 18)) (i32.const -8)))

  ;; The hash of the key of an entry. The multiplications leave their good bits at the top.
  (func $hash (param $entry i32) (result i32)
    (local $hash i64) (local $at i32) (local $end i32)
    (local.set $hash (call $mix
      (i64.load offset=8 (local.get $entry))
      (i64.load offset=16 (local.get $entry))))
    (local.set $end (i32.add (local.get $entry) (call $entryBytes (i32.load offset=8 (local.get $entry)))))
    (local.set $at (i32.add (local.get $entry) (i32.const 24)))
    (loop $words
      (if (i32.lt_u (local.get $at) (local.get $end)) (then
        (local.set $hash (call $mix (local.get $hash) (i64.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $words))))
    (i32.wrap_i64 (i64.shr_u (local.get $hash) (i64.const 32))))

  (func $mix (param $a i64) (param $b i64) (result i64)
    (local $hash i64)
    (local.set $hash (i64.xor
      (i64.mul (local.get $a) (i64.const 0x9e3779b97f4a7c15))
      (i64.rotl (i64.mul (local.get $b) (i64.const 0xc2b2ae3d27d4eb4f)) (i64.const 32))))
    (i64.mul
      (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32)))
      (i64.const 0xd6e8feb86659fd93)))

  ;; Takes the pairs staged in [$pair, $end) and answers where it stopped: before $end when the next one needs more room.
  ;; $rule is 0 for the sum, 1 for the smallest, 2 for the largest, 3 where all states are JavaScript's. Pairs whose numbers do not add
  ;; up exactly, NaN, and by rule 3 all pairs are left to JavaScript. In passes: the loads of one pass do not wait for one another, so that the cache is filled for many keys at a time. The
  ;; two that do nothing else are short on purpose, since a processor sees some 200 instructions ahead.
  (func (export "combine") (param $pair i32) (param $end i32) (param $rule i32) (result i32)
    (local $row i32) (local $rowsEnd i32) (local $head i32) (local $hash i32) (local $hash64 i64) (local $key v128)
    (local $touched i32) (local $at i32) (local $entry i32) (local $mask i32)
    (local $value f64) (local $old f64) (local $new f64) (local $carried f64)

    ;; The hashes; each pair gets a row of three words: address, hash, entry. What $mix does is written out for short keys.
    (local.set $row (global.get $batch))
    (loop $pairs
      (if (i32.lt_u (local.get $pair) (local.get $end)) (then
        (local.set $head (i32.and (i32.load offset=8 (local.get $pair)) (i32.const 0xffffff)))
        (i32.store (local.get $row) (local.get $pair))
        (if (i32.le_u (local.get $head) (i32.const 13))
          (then
            (local.set $key (v128.and
              (v128.load offset=8 (local.get $pair))
              (v128.load (i32.add (global.get $masks) (i32.shl (local.get $head) (i32.const 4))))))
            (v128.store offset=8 (local.get $pair) (local.get $key))
            (local.set $hash64 (i64.xor
              (i64.mul (i64x2.extract_lane 0 (local.get $key)) (i64.const 0x9e3779b97f4a7c15))
              (i64.rotl (i64.mul (i64x2.extract_lane 1 (local.get $key)) (i64.const 0xc2b2ae3d27d4eb4f)) (i64.const 32))))
            (local.set $hash (i32.wrap_i64 (i64.shr_u
              (i64.mul
                (i64.xor (local.get $hash64) (i64.shr_u (local.get $hash64) (i64.const 32)))
                (i64.const 0xd6e8feb86659fd93))
              (i64.const 32))))
            (local.set $pair (i32.add (local.get $pair) (i32.const 24))))
          (else
            (local.set $hash (call $hash (local.get $pair)))
            (local.set $pair (i32.add (local.get $pair) (call $entryBytes (local.get $head))))))
        (i32.store offset=4 (local.get $row) (local.get $hash))
        (local.set $row (i32.add (local.get $row) (i32.const 12)))
        (br $pairs))))
    (local.set $rowsEnd (local.get $row))

    ;; Places are brought into the cache, unless all lie there anyway.
    (local.set $row (select
      (global.get $batch)
      (local.get $rowsEnd)
      (i32.gt_u (global.get $capacity) (i32.const 32768))))
    (loop $rows
      (if (i32.lt_u (local.get $row) (local.get $rowsEnd)) (then
        (local.set $touched (i32.xor (local.get $touched) (i32.load (i32.add
          (global.get $places)
          (i32.shl (i32.shr_u (i32.load offset=4 (local.get $row)) (global.get $shift)) (i32.const 3))))))
        (local.set $row (i32.add (local.get $row) (i32.const 12)))
        (br $rows))))

    ;; The first entry with the same hash, seldom another key's.
    (local.set $mask (i32.sub (global.get $capacity) (i32.const 1)))
    (local.set $row (global.get $batch))
    (loop $rows
      (if (i32.lt_u (local.get $row) (local.get $rowsEnd)) (then
        (local.set $hash (i32.load offset=4 (local.get $row)))
        (local.set $at (i32.shr_u (local.get $hash) (global.get $shift)))
        (loop $probe
          (local.set $hash64 (i64.load (i32.add (global.get $places) (i32.shl (local.get $at) (i32.const 3)))))
          (local.set $entry (i32.wrap_i64 (i64.shr_u (local.get $hash64) (i64.const 32))))
          (local.set $at (i32.and (i32.add (local.get $at) (i32.const 1)) (local.get $mask)))
          (br_if $probe (i32.and
            (i32.ne (local.get $entry) (i32.const 0))
            (i32.ne (i32.wrap_i64 (local.get $hash64)) (local.get $hash)))))
        (i32.store offset=8 (local.get $row) (local.get $entry))
        (local.set $row (i32.add (local.get $row) (i32.const 12)))
        (br $rows))))

    ;; And entries, which may reach into the next line.
    (local.set $row (select
      (global.get $batch)
      (local.get $rowsEnd)
      (i32.gt_u (global.get $capacity) (i32.const 32768))))
    (loop $rows
      (if (i32.lt_u (local.get $row) (local.get $rowsEnd)) (then
        (local.set $entry (i32.load offset=8 (local.get $row)))
        (local.set $touched (i32.xor (local.get $touched)
          (i32.xor (i32.load (local.get $entry)) (i32.load offset=20 (local.get $entry)))))
        (local.set $row (i32.add (local.get $row) (i32.const 12)))
        (br $rows))))
    (global.set $touched (local.get $touched))

    ;; The values.
    (local.set $row (global.get $batch))
    (loop $rows
      (if (i32.lt_u (local.get $row) (local.get $rowsEnd)) (then
        (local.set $pair (i32.load (local.get $row)))
        (local.set $entry (i32.load offset=8 (local.get $row)))
        (local.set $value (f64.load (local.get $pair)))
        (block $taken
          (block $differs
            (br_if $differs (i32.eqz (local.get $entry)))
            (br_if $differs (v128.any_true (v128.xor
              (v128.load offset=8 (local.get $pair)) (v128.load offset=8 (local.get $entry)))))
            (br_if $taken (i32.le_u
              (i32.and (i32.load offset=8 (local.get $pair)) (i32.const 0xffffff)) (i32.const 13)))
            (br_if $taken (call $isSame (local.get $pair) (local.get $entry))))
          ;; It may have come with this batch.
          (local.set $entry (call $find (local.get $pair) (i32.load offset=4 (local.get $row))))
          (br_if $taken (local.get $entry))
          (local.set $entry (call $insert (local.get $pair) (i32.load offset=4 (local.get $row))))
          (if (i32.eqz (local.get $entry)) (then (return (local.get $pair))))
          (if (i32.or (f64.ne (local.get $value) (local.get $value)) (i32.eq (local.get $rule) (i32.const 3))) (then
            (i64.store (local.get $entry) (i64.const 0x7ff8000000000000))
            (call $leave (local.get $entry) (local.get $pair))))
          (local.set $row (i32.add (local.get $row) (i32.const 12)))
          (br $rows))
        (local.set $old (f64.load (local.get $entry)))
        (if (i32.eqz (local.get $rule))
          (then
            ;; The error of the addition, as in SumStates.
            (local.set $new (f64.add (local.get $old) (local.get $value)))
            (local.set $carried (f64.sub (local.get $new) (local.get $old)))
            (if (f64.eq (f64.const 0) (f64.add
                (f64.sub (local.get $old) (f64.sub (local.get $new) (local.get $carried)))
                (f64.sub (local.get $value) (local.get $carried))))
              (then (f64.store (local.get $entry) (local.get $new)))
              (else (call $leave (local.get $entry) (local.get $pair)))))
          (else
            ;; An entry of rule 3 holds a NaN, and so does what is made of it.
            (local.set $new (if (result f64) (i32.eq (local.get $rule) (i32.const 1))
              (then (f64.min (local.get $old) (local.get $value)))
              (else (f64.max (local.get $old) (local.get $value)))))
            (if (f64.eq (local.get $new) (local.get $new))
              (then (f64.store (local.get $entry) (local.get $new)))
              (else (call $leave (local.get $entry) (local.get $pair))))))
        (local.set $row (i32.add (local.get $row) (i32.const 12)))
        (br $rows))))
    (local.get $end))

  ;; Bytes that are taken, all that sorting will take included.
  (func (export "taken") (result i32)
    (local $sorting i32) (local $table i32)
    (local.set $sorting (i32.mul (global.get $entries) (i32.const 28)))
    (local.set $table (i32.shl (global.get $capacity) (i32.const 3)))
    (i32.add
      (global.get $arenaEnd)
      (select (local.get $sorting) (local.get $table) (i32.gt_u (local.get $sorting) (local.get $table)))))

  ;; Puts a pair on the list of those left to JavaScript.
  (func $leave (param $entry i32) (param $pair i32)
    (local $at i32)
    (local.set $at (i32.add (global.get $late) (i32.shl (global.get $lateCount) (i32.const 3))))
    (i32.store (local.get $at) (local.get $entry))
    (i32.store offset=4 (local.get $at) (local.get $pair))
    (global.set $lateCount (i32.add (global.get $lateCount) (i32.const 1))))

  ;; Whether the keys of two entries are the same. Equal heads say equal lengths.
  (func $isSame (param $a i32) (param $b i32) (result i32)
    (local $at i32) (local $end i32)
    (if (i32.ne (i32.load offset=8 (local.get $a)) (i32.load offset=8 (local.get $b))) (then (return (i32.const 0))))
    (local.set $end (call $entryBytes (i32.load offset=8 (local.get $a))))
    (local.set $at (i32.const 8))
    (loop $words
      (if (i64.ne
          (i64.load (i32.add (local.get $a) (local.get $at)))
          (i64.load (i32.add (local.get $b) (local.get $at))))
        (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $words (i32.lt_u (local.get $at) (local.get $end))))
    (i32.const 1))

  ;; The entry with the key of one staged pair, or 0. Bytes behind the key must be zeros, as everywhere but in `combine`.
  (func (export "find") (param $pair i32) (result i32)
    (call $find (local.get $pair) (call $hash (local.get $pair))))

  (func $find (param $pair i32) (param $hash i32) (result i32)
    (local $at i32) (local $place i64) (local $entry i32)
    (local.set $at (i32.shr_u (local.get $hash) (global.get $shift)))
    (loop $probe
      (local.set $place (i64.load (i32.add (global.get $places) (i32.shl (local.get $at) (i32.const 3)))))
      (local.set $entry (i32.wrap_i64 (i64.shr_u (local.get $place) (i64.const 32))))
      (if (i32.eqz (local.get $entry)) (then (return (i32.const 0))))
      (if (i32.eq (i32.wrap_i64 (local.get $place)) (local.get $hash)) (then
        (if (call $isSame (local.get $pair) (local.get $entry)) (then (return (local.get $entry))))))
      (local.set $at (i32.and
        (i32.add (local.get $at) (i32.const 1))
        (i32.sub (global.get $capacity) (i32.const 1))))
      (br $probe))
    (unreachable))

  ;; Adds one staged pair whose key is not there: see $insert.
  (func (export "insert") (param $pair i32) (result i32)
    (call $insert (local.get $pair) (call $hash (local.get $pair))))

  ;; Copies a staged pair into the arena. Answers its entry, or 0 when there is no room. The pair may lie at the arena's end.
  (func $insert (param $pair i32) (param $hash i32) (result i32)
    (local $entry i32) (local $bytes i32) (local $sorting i32) (local $table i32)
    (local.set $entry (global.get $arenaEnd))
    (local.set $bytes (call $entryBytes (i32.load offset=8 (local.get $pair))))
    (local.set $sorting (i32.mul (i32.add (global.get $entries) (i32.const 1)) (i32.const 28)))
    (local.set $table (i32.shl (global.get $capacity) (i32.const 3)))
    (if (i32.gt_u
        (i32.add
          (i32.add (local.get $entry) (local.get $bytes))
          (select (local.get $sorting) (local.get $table) (i32.gt_u (local.get $sorting) (local.get $table))))
        (global.get $room))
      (then (return (i32.const 0))))
    ;; Up to five eighths are taken. It fits: 25.6 bytes an entry, where sorting needs 28.
    (if (i32.ge_u (i32.shl (global.get $entries) (i32.const 3)) (i32.mul (global.get $capacity) (i32.const 5)))
      (then (call $grow (i32.add (local.get $entry) (local.get $bytes)))))
    (call $put (local.get $hash) (local.get $entry))
    (v128.store (local.get $entry) (v128.load (local.get $pair)))
    (i64.store offset=16 (local.get $entry) (i64.load offset=16 (local.get $pair)))
    (if (i32.gt_u (local.get $bytes) (i32.const 24)) (then
      (memory.copy (local.get $entry) (local.get $pair) (local.get $bytes))))
    (global.set $arenaEnd (i32.add (local.get $entry) (local.get $bytes)))
    (global.set $entries (i32.add (global.get $entries) (i32.const 1)))
    (local.get $entry))

  (func $put (param $hash i32) (param $entry i32)
    (local $at i32) (local $place i32)
    (local.set $at (i32.shr_u (local.get $hash) (global.get $shift)))
    (loop $probe
      (local.set $place (i32.add (global.get $places) (i32.shl (local.get $at) (i32.const 3))))
      (local.set $at (i32.and
        (i32.add (local.get $at) (i32.const 1))
        (i32.sub (global.get $capacity) (i32.const 1))))
      (br_if $probe (i32.load offset=4 (local.get $place))))
    (i32.store (local.get $place) (local.get $hash))
    (i32.store offset=4 (local.get $place) (local.get $entry)))

  ;; Twice as many places. The home of the key at place i is then 2i or 2i + 1, or a little before: places are read and written in order,
  ;; from a copy in the memory that is free from $free on.
  (func $grow (param $free i32)
    (local $from i32) (local $end i32) (local $bytes i32)
    (local.set $from (global.get $places))
    (local.set $bytes (i32.shl (global.get $capacity) (i32.const 3)))
    (call $resize (i32.shl (global.get $capacity) (i32.const 1)))
    (if (i32.gt_u (i32.add (local.get $free) (local.get $bytes)) (global.get $places)) (then
      (call $putAll)
      (return)))
    (memory.copy (local.get $free) (local.get $from) (local.get $bytes))
    (memory.fill (global.get $places) (i32.const 0) (i32.shl (local.get $bytes) (i32.const 1)))
    (local.set $from (local.get $free))
    (local.set $end (i32.add (local.get $from) (local.get $bytes)))
    (loop $each
      (if (i32.load offset=4 (local.get $from)) (then
        (call $put (i32.load (local.get $from)) (i32.load offset=4 (local.get $from)))))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br_if $each (i32.lt_u (local.get $from) (local.get $end)))))

  ;; All entries into an empty table, where there is no room for the copy.
  (func $putAll
    (local $entry i32) (local $left i32)
    (memory.fill (global.get $places) (i32.const 0) (i32.shl (global.get $capacity) (i32.const 3)))
    (local.set $left (global.get $entries))
    (local.set $entry (global.get $firstEntry))
    (loop $each
      (if (local.get $left) (then
        (call $put (call $hash (local.get $entry)) (local.get $entry))
        (local.set $entry (i32.add (local.get $entry) (call $entryBytes (i32.load offset=8 (local.get $entry)))))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $each)))))
)
