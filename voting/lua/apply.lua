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
local held = {} -- ordinal -> its slot as this batch leaves it

if width <= 6 then
  -- One BITFIELD reads all slots and one writes them: half the cost of a call per slot.
  local kind, bits, reads = 'u' .. width * 8, width * 8, {}
  local n = 0
  for i = 1, #plays, 4 do
    reads[n + 1], reads[n + 2], reads[n + 3] = 'GET', kind, plays[i] * bits
    n = n + 3
  end
  local present = redis.call('BITFIELD_RO', KEYS[1], unpack(reads))
  local play, w = 0, 0
  for i = 1, #plays, 4 do
    play = play + 1
    local ordinal = plays[i]
    local slot = held[ordinal] or present[play]
    if slot == plays[i + 1] then
      local after, k = plays[i + 2], plays[i + 3]
      held[ordinal] = after
      writes[w + 1], writes[w + 2], writes[w + 3], writes[w + 4] = 'SET', kind, ordinal * bits, after
      w = w + 4
      applied[k] = (applied[k] or 0) + 1
      answers[play] = 1
    else
      answers[play] = struct.pack('>I' .. width, slot)
    end
  end
  if w > 0 then
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
