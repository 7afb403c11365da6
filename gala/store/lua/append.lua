-- Append one cue to a show's log, if the log is still where the writer believes it is.
-- KEYS[1] log:{SHOW}      stream  n-0 -> id, by, at_ms, cue, prev, digest
-- KEYS[2] log:{SHOW}:ids  hash    a cue's own id -> n
-- ARGV[1] expected version (decimal; 0: the log is empty); ARGV[2] expected digest (hex; of an empty log 64 zeros)
-- ARGV[3] the cue's own id; ARGV[4] by; ARGV[5] at_ms; ARGV[6] cue, opaque bytes; ARGV[7] digest after it (hex)
-- Returns {"appended", n, {}}
--      or {"existing", n, fields of entry n} when the id is already in the log: nothing was written
--      or {"stale", head version, {head digest}}: nothing was written.
local known = redis.call('HGET', KEYS[2], ARGV[3])
if known then
  local found = redis.call('XRANGE', KEYS[1], known .. '-0', known .. '-0')
  return {'existing', known, found[1][2]}
end

local version, digest = '0', string.rep('0', 64)
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if last then
  version = string.match(last[1], '^%d+')
  for i = 1, #last[2], 2 do
    if last[2][i] == 'digest' then digest = last[2][i + 1] end
  end
end
if version ~= ARGV[1] or digest ~= ARGV[2] then
  return {'stale', version, {digest}}
end

local n = string.format('%.0f', tonumber(version) + 1)
redis.call('XADD', KEYS[1], n .. '-0',
  'id', ARGV[3], 'by', ARGV[4], 'at_ms', ARGV[5], 'cue', ARGV[6], 'prev', ARGV[2], 'digest', ARGV[7])
redis.call('HSET', KEYS[2], ARGV[3], n)
return {'appended', n, {}}
