-- Apply a batch of plays to one page of a round's box: compare-and-set of slots, with what they add to the counters.
-- KEYS[1] box:{ROUND#PAGE}:slots     string  width bytes per viewer, at ordinal * width
-- KEYS[2] box:{ROUND#PAGE}:counters  hash    counter -> integer; always the fold of the slots
-- KEYS[3] box:{ROUND#PAGE}:gate      hash    generation, state (open | locked | sealed)
-- ARGV[1] generation under which the batch was judged; ARGV[2] width
-- ARGV[3] msgpack [ordinal, before, after, k, ordinal, before, after, k, ...], at most 512 plays; before and after
--         are big-endian integers when width <= 6 (a Lua number is exact to 2^53), else strings of width bytes
-- ARGV[4] msgpack [{counter: delta}, ...], the k-th (from 1) being what each play that names k adds
-- Returns, in order, 1 (applied) or the slot's present bytes (judge again). Plays of one ordinal see each other.
-- Error "NOGATE", "SHUT generation state" or "STALE generation state": nothing was applied.

local width = tonumber(ARGV[2])
local gate = redis.call('HMGET', KEYS[3], 'generation', 'state')
if not gate[1] then
  return {err = 'NOGATE'}
elseif gate[2] ~= 'open' then
  return {err = 'SHUT ' .. gate[1] .. ' ' .. gate[2]}
elseif gate[1] ~= ARGV[1] then
  return {err = 'STALE ' .. gate[1] .. ' ' .. gate[2]}
end

local plays = cmsgpack.unpack(ARGV[3])
local answers, applied, writes = {}, {}, {}

if width <= 6 then
  -- One BITFIELD sets all slots and returns what they were; those that were not as judged are put back. A play is
  -- judged against the newest slot, so they are few, and half the cost of looking first is saved.
  local kind, bits, n = 'u' .. width * 8, width * 8, 0
  for i = 1, #plays, 4 do
    writes[n + 1], writes[n + 2], writes[n + 3], writes[n + 4] = 'SET', kind, plays[i] * bits, plays[i + 2]
    n = n + 4
  end
  local found = redis.call('BITFIELD', KEYS[1], unpack(writes))
  local kept = nil -- ordinal -> the slot that stands in the end, once a play of it was not as judged
  local play = 0
  for i = 1, #plays, 4 do
    play = play + 1
    local ordinal = plays[i]
    local known = kept and kept[ordinal]
    local slot = known or found[play]
    if slot == plays[i + 1] then
      if known then
        kept[ordinal] = plays[i + 2]
      end
      local k = plays[i + 3]
      applied[k] = (applied[k] or 0) + 1
      answers[play] = 1
    else
      kept = kept or {}
      kept[ordinal] = slot
      answers[play] = struct.pack('>I' .. width, slot)
    end
  end
  if kept then
    writes, n = {}, 0
    for ordinal, slot in pairs(kept) do
      writes[n + 1], writes[n + 2], writes[n + 3], writes[n + 4] = 'SET', kind, ordinal * bits, slot
      n = n + 4
    end
    redis.call('BITFIELD', KEYS[1], unpack(writes))
  end
else
  local play = 0
  for i = 1, #plays, 4 do
    play = play + 1
    local offset = plays[i] * width
    local slot = redis.call('GETRANGE', KEYS[1], offset, offset + width - 1)
    if #slot < width then
      slot = slot .. string.rep('\0', width - #slot)
    end
    if slot == plays[i + 1] then
      local k = plays[i + 3]
      redis.call('SETRANGE', KEYS[1], offset, plays[i + 2])
      applied[k] = (applied[k] or 0) + 1
      answers[play] = 1
    else
      answers[play] = slot
    end
  end
end

local sums = {}
for k, deltas in ipairs(cmsgpack.unpack(ARGV[4])) do
  local times = applied[k]
  if times then
    for counter, delta in pairs(deltas) do
      sums[counter] = (sums[counter] or 0) + delta * times
    end
  end
end
for counter, sum in pairs(sums) do
  if sum ~= 0 then
    redis.call('HINCRBY', KEYS[2], counter, sum)
  end
end
return answers
