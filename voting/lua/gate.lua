-- Move one page's gate, only ever forward.
-- KEYS[1] box:{ROUND#PAGE}:gate  hash  generation, state (open | locked | sealed)
-- ARGV[1] generation; ARGV[2] state wished for
-- Absent becomes open or locked (locked, so that a late conductor can never open a page after the lock).
-- Open becomes open under a greater generation only, or locked. Locked becomes sealed. Any other wish, or
-- one of a lower generation, changes nothing. Asking again is harmless. Returns {generation, state} as they
-- are now, or nil when the page has no gate (sealed was wished for, before locked).

local generation, wish = tonumber(ARGV[1]), ARGV[2]
local gate = redis.call('HMGET', KEYS[1], 'generation', 'state')
local present, state = tonumber(gate[1] or 0), gate[2]

local moves
if not state then
  moves = wish ~= 'sealed'
elseif generation < present then
  moves = false
elseif state == 'open' then
  moves = wish == 'locked' or (wish == 'open' and generation > present)
elseif state == 'locked' then
  moves = wish == 'sealed'
end

if moves then
  redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'state', wish)
  return {ARGV[1], wish}
elseif state then
  return {gate[1], state}
end
return false
