-- A batch of votes: KEYS[1] slots, u40 each (seq * 256 + choice); KEYS[2] counters. ARGV[1]: "number,seq,choice;" each.
-- Returns a string with "1" for each that counts and "0" for each whose seq is not newer than the slot's.
local answers, sums = {}, {}
for number, seq, choice in string.gmatch(ARGV[1], '(%d+),(%d+),(%d+);') do
  local at = '#' .. number
  local slot = redis.call('BITFIELD_RO', KEYS[1], 'GET', 'u40', at)[1]
  local before = slot % 256
  if tonumber(seq) > (slot - before) / 256 then
    redis.call('BITFIELD', KEYS[1], 'SET', 'u40', at, tonumber(seq) * 256 + tonumber(choice))
    if before > 0 then
      sums[before] = (sums[before] or 0) - 1
    end
    sums[tonumber(choice)] = (sums[tonumber(choice)] or 0) + 1
    answers[#answers + 1] = '1'
  else
    answers[#answers + 1] = '0'
  end
end
for choice, sum in pairs(sums) do
  if sum ~= 0 then
    redis.call('HINCRBY', KEYS[2], choice, sum)
  end
end
return table.concat(answers)
