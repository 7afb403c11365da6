-- Put a reading of the show's clock in the place of the one that its writer has seen.
-- KEYS[1] clock:{SHOW}  string  the newest reading, opaque bytes
-- ARGV[1] the reading seen, empty: there was none; ARGV[2] the new one, empty: none from now on
-- Returns 1 when it was done, 0 when another reading is there: nothing was written.
local present = redis.call('GET', KEYS[1]) or ''
if present ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2])
end
return 1
