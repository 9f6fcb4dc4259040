// Answers every request with its path, and listens as the suite's origin does.
import fs from 'fs'
import http from 'http'

fs.writeFileSync(process.env.npm_config_pidfile, process.pid.toString())
const server = http.createServer((request, response) => {
  console.log('asked for ' + request.url)
  response.end(request.url)
})
server.on('listening', () => {
  const { address, port } = server.address()
  console.log(`Listening on ${process.env.npm_config_protocol}://${address}:${port}/`)
})
server.listen(process.env.npm_config_port)
